"""Versions of datasets: a number that every change of a tenant's rows raises.

A trigger for each statement raises it, so no door can forget to. It fires at the end of a long
statement, and the dataset's row is locked from then until the transaction ends.
"""

from pathlib import Path

from migrations.policies import KEEPER, definer, reader_view, run

revision = "0019"
down_revision = "0018"

OWNER, GUARD = "workbench_owner", "workbench_guard"
ASKED = "workbench.actor_tenant()"
OWN = f"tenant_id = (select {ASKED})"
NOTE_CHANGE = """
create function workbench_private.note_change() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update workbench.datasets d set version = d.version + 1, changed_at = clock_timestamp()
        where d.tenant_id = workbench.actor_tenant() and d.definition_id = tg_argv[0]::uuid
            and d.deleted_at is null;
    return null;
end
$$
"""
WATCH = (
    "create trigger note_change after insert or update or delete on rows.%1$I "
    "for each statement execute function workbench_private.note_change(%{definition}$L);"
)
ON_ROWS = """
do $do$
declare
    definition uuid;
begin
    for definition in select d.id from workbench.definitions d loop
        execute format($ddl${statement}$ddl$,
            'd_' || replace(definition::text, '-', ''), definition);
    end loop;
end
$do$
"""
DEFINED_IN = Path(__file__).parent / "2026_11_23_0011_lenses.sql"
BEGINNING = "create or replace function workbench.define_rows"


def upgrade() -> None:
    """Count the changes of each dataset from now on."""
    run(
        "alter table workbench.datasets add column version bigint not null default 0, "
        "add column changed_at timestamptz not null default now()",
        "drop view views.datasets",
    )
    reader_view("datasets")
    run(
        f"grant update (version, changed_at) on workbench.datasets to {KEEPER}",
        f"set local role {GUARD}",
        f"grant execute on function {ASKED} to {KEEPER}",
        "reset role",
        f"create policy counts on workbench.datasets for update to {KEEPER} "
        f"using ({OWN}) with check ({OWN})",
        NOTE_CHANGE,
    )
    definer("workbench_private.note_change()", KEEPER, OWNER)
    run(
        ON_ROWS.format(statement=WATCH.format(definition=2)),
        _define_rows().replace(
            "create view data.%3$I as",
            f"{WATCH.format(definition=6)}\n        create view data.%3$I as",
        ),
    )


def _define_rows() -> str:
    """The function that makes a table of rows, as it stood before."""
    _, beginning, rest = DEFINED_IN.read_text().partition(BEGINNING)
    return beginning + rest


def downgrade() -> None:
    """Count no changes."""
    run(
        ON_ROWS.format(statement="drop trigger note_change on rows.%1$I;"),
        _define_rows(),
        "drop function workbench_private.note_change()",
        f"set local role {GUARD}",
        f"revoke execute on function {ASKED} from {KEEPER}",
        "reset role",
        "drop view views.datasets",
        "drop policy counts on workbench.datasets",
        f"revoke update (version, changed_at) on workbench.datasets from {KEEPER}",
        "alter table workbench.datasets drop column version, drop column changed_at",
    )
    reader_view("datasets")
