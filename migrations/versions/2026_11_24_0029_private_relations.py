"""Tenants declare joins of their private datasets, which nobody else sees.

A join leads from a private dataset to a shared one, or to another of the same tenant, and is
declared by who may change the dataset. It goes with either side.
"""

from migrations.policies import reader_view, run, unforced

revision = "0029"
down_revision = "0028"

SHARING = "(select workbench.platform_with('dataset:share'))"
TENANT = "(select workbench.actor_tenant())"
ADOPTED = """
exists (select from workbench.datasets s where s.definition_id = relations.definition_id)
"""
READ = f"""
{ADOPTED} and (private_to is null or private_to = {TENANT}) or private_to is null and {SHARING}
"""
HELD = f"""
exists (
    select from workbench.definitions d
    where d.id = relations.definition_id and d.private_to = relations.private_to and (
        d.private_to = (select workbench.tenant_with('dataset:define'))
        or d.private_to = {TENANT}
        and d.id::text = any ((select workbench.granted('dataset:define'))::text[])))
"""
LEADS = """
exists (
    select from workbench.definitions t
    where t.id = relations.target_id
        and (t.private_to is null or t.private_to = relations.private_to))
"""
MINE = f"private_to is null and {SHARING} or {HELD}"
FITS = f"private_to is null and {SHARING} or {HELD} and {LEADS}"


def _keys(deleting: str) -> None:
    for name in ("definition_id", "target_id"):
        run(
            f"alter table workbench.relations drop constraint fk_relations_{name}",
            f"alter table workbench.relations add constraint fk_relations_{name} "
            f"foreign key ({name}) references workbench.definitions {deleting}",
        )


def upgrade() -> None:
    """Say whose a join is, and let tenants declare those of their private datasets."""
    run(
        "drop view views.relations",
        "alter table workbench.relations add column private_to uuid "
        "constraint fk_relations_private_to references workbench.tenants",
        "create index ix_relations_private_to on workbench.relations (private_to)",
        f"alter policy reads on workbench.relations using ({READ})",
        f"alter policy inserts on workbench.relations with check ({FITS})",
        f"alter policy updates on workbench.relations using ({MINE}) with check ({FITS})",
    )
    _keys("on delete cascade")
    reader_view("relations")


def downgrade() -> None:
    """Forget what tenants have declared."""
    unforced("relations", "delete from workbench.relations where private_to is not null")
    run(
        "drop view views.relations",
        f"alter policy reads on workbench.relations using ({ADOPTED} or {SHARING})",
        f"alter policy inserts on workbench.relations with check ({SHARING})",
        f"alter policy updates on workbench.relations using ({SHARING}) with check ({SHARING})",
        "alter table workbench.relations drop column private_to",
    )
    _keys("")
    reader_view("relations")
