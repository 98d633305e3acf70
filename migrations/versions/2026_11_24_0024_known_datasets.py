"""Whether a dataset is still what a process knows of it, told without looking all of it up.

The answer is yes or no to a signature that the caller brings along, so it tells no more than he
knew; and it is no for every tenant but the one whose token was told.
"""

from migrations.policies import APP, KEEPER, definer, run

revision = "0024"
down_revision = "0023"

IS_DATASET = """
create function workbench.is_dataset(inside uuid, wanted text, known text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from workbench.definitions d
        join workbench.datasets s
            on s.tenant_id = inside and s.definition_id = d.id and s.deleted_at is null
        where d.name = wanted and d.deleted_at is null
            and s.id || ' ' || d.id || ' ' || d.name || ' ' || coalesce((
                select string_agg(c.name || ' ' || c.type, ',' order by c.position)
                from workbench.columns c
                where c.definition_id = d.id and c.deleted_at is null
            ), '') = known
    ) and inside = workbench.actor_tenant()
$$
"""


def upgrade() -> None:
    """Let a process ask whether what it knows of a dataset still holds."""
    run(IS_DATASET)
    definer("workbench.is_dataset(uuid, text, text)", KEEPER, APP)


def downgrade() -> None:
    """Have every process look datasets up each time."""
    run("drop function workbench.is_dataset(uuid, text, text)")
