"""The migrated schema is the one that the models describe, to the name of each constraint."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

import workbench
from tests.isolation.world import connect
from tests.migrations.conftest import MakeScratch
from tests.migrations.test_round_trip import SHAPES
from workbench.db.model import Model

ROOT = Path(workbench.__file__).parent


@pytest.fixture(scope="module")
def models() -> type[Model]:
    """`Model`, after every module that holds a table class was imported."""
    for path in sorted(ROOT.rglob("*.py")):
        if "__tablename__" in path.read_text():
            name = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
            importlib.import_module(name)
    return Model


@pytest.fixture(scope="module")
def described(models: type[Model], make_scratch: MakeScratch) -> Iterator[psycopg.Connection]:
    """A database whose tables the models themselves made."""
    scratch = make_scratch("described")
    engine = scratch.engine()
    with engine.begin() as connection:
        connection.execute(text("create schema if not exists workbench"))
        connection.execute(text("set search_path = workbench"))
        models.metadata.create_all(connection)
    with connect(scratch.owner) as opened:
        yield opened


@pytest.mark.parametrize("shape", ["columns", "constraints", "indexes"])
def test_they_are_the_same(
    fresh: psycopg.Connection, described: psycopg.Connection, shape: str
) -> None:
    """Types, nullability, defaults, names, checks, keys and the predicates of partial indexes."""
    query = SHAPES[shape]
    migrated, modelled = (
        {row for row in c.execute(query, [["workbench"]]) if "alembic_version" not in str(row)}
        for c in (fresh, described)
    )
    assert migrated - modelled == set(), "in the migrations alone"
    assert modelled - migrated == set(), "in the models alone"
    assert migrated


def test_alembic_sees_no_difference(models: type[Model], make_scratch: MakeScratch) -> None:
    """Alembic's own comparison agrees."""
    scratch = make_scratch("compared")
    scratch.upgrade()
    with scratch.engine().connect() as connection:
        connection.execute(text("set search_path = workbench"))
        connection.commit()
        connection.dialect.default_schema_name = "workbench"
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, models.metadata) == []


class TestKeys:
    """Rules that hold for every key, whoever writes the next table."""

    def test_every_foreign_key_has_an_index(self, fresh: psycopg.Connection) -> None:
        """Each begins some index that is not partial, else deleting a parent reads the table."""
        found = fresh.execute(
            """
            select conrelid::regclass::text, conname from pg_constraint c
            join pg_namespace n on n.oid = connamespace and nspname in ('workbench', 'rows')
            where contype = 'f' and not exists (
                select from pg_index i
                where i.indrelid = c.conrelid and i.indpred is null
                    and c.conkey <@ (i.indkey::int2[])[0:cardinality(c.conkey) - 1]
            ) order by 1
            """
        )
        assert found.fetchall() == []
        assert fresh.execute("select 1 from pg_constraint where contype = 'f'").rowcount > 10

    def test_tables_of_tenants_begin_with_the_tenant(self, fresh: psycopg.Connection) -> None:
        """Every primary key and unique index of a table with tenant_id has it first."""
        found = fresh.execute(
            """
            select i.indexrelid::regclass::text from pg_index i
            join pg_attribute t on t.attrelid = i.indrelid and t.attname = 'tenant_id'
            join pg_class c on c.oid = i.indrelid
                and c.relnamespace in ('workbench'::regnamespace, 'rows'::regnamespace)
            where i.indisunique and i.indkey[0] <> t.attnum
            """
        )
        assert found.fetchall() == []

    def test_unique_keys_let_deleted_names_go(self, fresh: psycopg.Connection) -> None:
        """A unique index over an entity leaves deleted rows out, so that a name can return."""
        found = fresh.execute(
            """
            select i.indexrelid::regclass::text from pg_index i
            join pg_attribute d on d.attrelid = i.indrelid and d.attname = 'deleted_at'
            join pg_class c on c.oid = i.indrelid
                and c.relnamespace = 'workbench'::regnamespace
            where i.indisunique and not i.indisprimary
                and pg_get_expr(i.indpred, i.indrelid) is distinct from '(deleted_at IS NULL)'
            """
        )
        assert found.fetchall() == []
