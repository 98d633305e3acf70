"""Up, down and up again, one step at a time; no step opens a table (R43)."""

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from tests.isolation.test_restore import SNAPSHOTS
from tests.isolation.world import connect
from tests.migrations.conftest import MakeScratch, Scratch
from workbench.db import schema
from workbench.db.session import Database

OURS = ["workbench", "workbench_private", "rows", "data", "views", "staging", "queue"]
SHAPES = {
    **SNAPSHOTS,
    "columns": "select c.oid::regclass::text, attname, format_type(atttypid, atttypmod), "
    "attnotnull, pg_get_expr(adbin, adrelid) from pg_attribute a "
    "join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = relnamespace "
    "left join pg_attrdef d on d.adrelid = attrelid and d.adnum = attnum "
    "where attnum > 0 and not attisdropped and nspname = any (%s) and relkind = 'r' "
    "order by 1, 2",
    "constraints": "select conrelid::regclass::text, conname, pg_get_constraintdef(t.oid) "
    "from pg_constraint t join pg_namespace n on n.oid = connamespace "
    "where nspname = any (%s) order by 1, 2",
    "indexes": "select indexdef from pg_indexes where schemaname = any (%s) order by 1",
    "roles": "select name, permissions::text from workbench_private.system_roles "
    "where cast(%s as text[]) is not null order by 1",
}
OPEN = text(
    "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = relnamespace "
    "where nspname in ('workbench', 'rows', 'staging') and relkind in ('r', 'p') "
    "and relname <> 'alembic_version' and not (relrowsecurity and relforcerowsecurity)"
)
SHOWN = text(
    "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = relnamespace "
    "where nspname in ('workbench', 'rows', 'staging', 'workbench_private') "
    "and relkind in ('r', 'p', 'v') and has_table_privilege('workbench_readers', c.oid, 'select')"
)


def revisions() -> list[str]:
    """Every revision, the oldest first."""
    script = ScriptDirectory.from_config(schema.config())
    return [step.revision for step in reversed(list(script.walk_revisions()))]


def shapes(scratch: Scratch) -> dict[str, list[tuple[object, ...]]]:
    """Everything that the migrations decide about the schema."""
    with connect(scratch.owner) as connection:
        return {name: _shape(connection, query) for name, query in SHAPES.items()}


def _shape(connection: psycopg.Connection, query: str) -> list[tuple[object, ...]]:
    return connection.execute(query, [OURS]).fetchall()


def _assert_closed(connection: Connection) -> None:
    assert connection.scalars(OPEN).all() == []
    assert connection.scalars(SHOWN).all() == []
    connection.commit()


def test_every_step_goes_up_down_and_up(make_scratch: MakeScratch) -> None:
    """After each step both ways every table is guarded, and the end is the same as the start."""
    scratch = make_scratch("round_trip")
    scratch.upgrade()
    first = shapes(scratch)
    assert all(first.values())
    steps = revisions()
    engine = scratch.engine()
    with engine.connect() as connection:
        alembic = schema.config(connection)
        for lower in [*reversed(steps[:-1]), "base"]:
            command.downgrade(alembic, lower)
            assert schema.current(connection) == (None if lower == "base" else lower)
            _assert_closed(connection)
        for step in steps:
            command.upgrade(alembic, step)
            assert schema.current(connection) == step
            _assert_closed(connection)
    again = shapes(scratch)
    for name, shape in first.items():
        assert again[name] == shape, name


def test_the_bottom_is_empty(make_scratch: MakeScratch) -> None:
    """A downgrade to the base leaves no table, view or function of ours behind."""
    scratch = make_scratch("bottom")
    scratch.upgrade()
    engine = scratch.engine()
    with engine.connect() as connection:
        command.downgrade(schema.config(connection), "base")
        left = connection.scalars(
            text(
                "select relname from pg_class c join pg_namespace n on n.oid = relnamespace "
                "where nspname = any (:ours) and relkind in ('r', 'v', 'S', 'm') "
                "union select proname from pg_proc p join pg_namespace n on n.oid = pronamespace "
                "where nspname = any (:ours)"
            ),
            {"ours": OURS},
        )
        assert left.all() == ["alembic_version"]


def test_each_revision_has_one_parent() -> None:
    """The history is one line, and its numbers count up."""
    steps = revisions()
    assert steps == [f"{number:04}" for number in range(1, len(steps) + 1)]


@pytest.mark.parametrize("verb", ["upgrade", "again"])
def test_a_second_migration_changes_nothing(
    make_scratch: MakeScratch, database: Database, verb: str
) -> None:
    """Migrating a database that is up to date leaves it as it is."""
    del database
    scratch = make_scratch("twice")
    scratch.upgrade()
    before = shapes(scratch)
    if verb == "again":
        scratch.upgrade()
    assert shapes(scratch) == before
