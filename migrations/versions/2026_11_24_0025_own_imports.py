"""Who makes a private dataset reads its imports and what they refused, and has them begin anew.

The maker may start imports since private datasets are there. He could not see them unless his role
lets him see all imports, nor remove what an attempt refused before the next one.
"""

from importlib import import_module

from migrations.policies import APP, KEEPER, VIEWER, run

revision = "0025"
down_revision = "0024"

TENANT = "(select workbench.actor_tenant())"
IMPORTS = (
    f"tenant_id = {TENANT} and exists (select from workbench.datasets s "
    "where s.tenant_id = imports.tenant_id and s.id = imports.dataset_id "
    "and s.definition_id::text = any ((select workbench.granted('import:read'))::text[]))"
)
REJECTS = (
    f"tenant_id = {TENANT} and exists (select from workbench.imports i "
    "join workbench.datasets s on s.tenant_id = i.tenant_id and s.id = i.dataset_id "
    "where i.tenant_id = rejects.tenant_id and i.id = rejects.import_id "
    "and s.definition_id::text = any ((select workbench.granted('{}'))::text[]))"
)
FOLLOW = (
    "select workbench_private.refollow(d.id, d.private_to, d.made_by, false) "
    "from workbench.definitions d where d.private_to is not null"
)
BEFORE, AFTER = "import:start,row:export", "import:read,import:start,row:export"


def upgrade() -> None:
    """Let makers read imports into what they made; who is signed in may at once."""
    private = import_module("migrations.versions.2026_11_24_0022_private")
    _replace(private.HELD_BY.replace(BEFORE, AFTER))
    run(
        f"create policy granted on workbench.imports for select to {APP}, {VIEWER} "
        f"using ({IMPORTS})",
        f"create policy granted on workbench.rejects for select to {APP}, {VIEWER} "
        f"using ({REJECTS.format('import:read')})",
        f"create policy granted_deletes on workbench.rejects for delete to {APP} "
        f"using ({REJECTS.format('import:start')})",
        FOLLOW,
    )


def downgrade() -> None:
    """Leave imports to those who may read them all."""
    private = import_module("migrations.versions.2026_11_24_0022_private")
    _replace(private.HELD_BY)
    run(
        "drop policy granted on workbench.imports",
        "drop policy granted on workbench.rejects",
        "drop policy granted_deletes on workbench.rejects",
        FOLLOW,
    )


def _replace(held_by: str) -> None:
    private = import_module("migrations.versions.2026_11_24_0022_private")
    private._replace("workbench_private.held_by(uuid, uuid)", held_by, KEEPER)
