"""Exports: the permission to take rows along as a file."""

from migrations.policies import run, unforced

revision = "0018"
down_revision = "0017"

ROLES = ("analyst", "engineer", "owner")
GRANTABLE = """
    cardinality(permissions) > 0
    and array_position(permissions, null) is null
    and permissions <@ case kind
        when 'dataset' then '{{dataset:read,{export}row:read,row:write}}'::text[]
        when 'dashboard' then '{{dashboard:read}}'
        when 'notebook' then '{{notebook:read,run:read,run:start}}'
    end
"""


def upgrade() -> None:
    """Let analysts export, and a grant give the export of one dataset."""
    _grantable("row:export,")
    for role in ROLES:
        run(
            "update workbench_private.system_roles set permissions = array(select distinct p from "
            f"unnest(permissions || '{{row:export}}') p order by p) where name = '{role}'"
        )


def downgrade() -> None:
    """Let nobody export; a grant of nothing else becomes one to see that there is a dataset."""
    unforced(
        "grants",
        "update workbench.grants set permissions = case when permissions = '{row:export}' "
        "then '{dataset:read}' else array_remove(permissions, 'row:export') end "
        "where 'row:export' = any (permissions)",
    )
    run(
        "update workbench_private.system_roles "
        "set permissions = array_remove(permissions, 'row:export')",
    )
    _grantable("")


def _grantable(export: str) -> None:
    run(
        "alter table workbench.grants drop constraint ck_grants_permissions",
        "alter table workbench.grants add constraint ck_grants_permissions "
        f"check ({GRANTABLE.format(export=export)})",
    )
