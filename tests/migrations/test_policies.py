"""What the helper for tenant tables gives a table, and what it refuses."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from psycopg import errors
from sqlalchemy import Connection, text

from tests.migrations.conftest import MakeScratch, Scratch
from workbench.db import schema
from workbench.settings import ROOT

MIGRATION = '''
"""A migration of a test."""

from migrations.policies import run, tenant_table

revision = "9999"
down_revision = {head!r}


def upgrade() -> None:
    run(
        "create table workbench.parents"
        " (tenant_id uuid not null, id uuid not null unique, primary key (tenant_id, id))",
        "create table workbench.children"
        " (tenant_id uuid not null, id uuid not null, parent_id uuid, {keys})",
    )
    tenant_table("parents", read="row:read", write="row:write")
    tenant_table("children", read="row:read", write="row:write")


def downgrade() -> None:
    run("drop table workbench.children, workbench.parents")
'''
GOOD = (
    "primary key (tenant_id, id), "
    "foreign key (tenant_id, parent_id) references workbench.parents (tenant_id, id)"
)
INDEXES = text("select indexname from pg_indexes where tablename = 'children' order by 1")


@pytest.fixture(scope="module")
def scratch(make_scratch: MakeScratch) -> Scratch:
    """A database at the newest revision."""
    scratch = make_scratch("helper")
    scratch.upgrade()
    return scratch


@contextmanager
def _upgraded(scratch: Scratch, folder: Path, keys: str) -> Iterator[Connection]:
    """The database with the migration of this test, which is taken back afterwards."""
    migration = MIGRATION.format(head=schema.head(), keys=keys)
    (folder / "versions" / "9999_of_a_test.py").write_text(migration)
    with scratch.engine().connect() as connection:
        config = schema.config(connection)
        config.set_main_option("script_location", str(folder))
        command.upgrade(config, "head")
        yield connection
        connection.rollback()
        command.downgrade(config, "-1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the migrations that a test may add to."""
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    return tmp_path / "migrations"


@pytest.mark.parametrize(
    "keys",
    [
        "primary key (id, tenant_id)",
        "primary key (tenant_id, id), foreign key (parent_id) references workbench.parents (id)",
    ],
)
def test_it_refuses_keys_that_leave_the_tenant_out(
    scratch: Scratch, folder: Path, keys: str
) -> None:
    """A key without its tenant could tell of another tenant's row."""
    with (
        pytest.raises(errors.RaiseException, match="leave the tenant out"),
        _upgraded(scratch, folder, keys),
    ):
        pass


def test_it_gives_a_foreign_key_its_index(scratch: Scratch, folder: Path) -> None:
    """Composite keys pass, and the one that no index serves gets one."""
    with _upgraded(scratch, folder, GOOD) as connection:
        indexes = connection.scalars(INDEXES).all()

    assert indexes == ["children_pkey", "ix_children_tenant_id_parent_id"]
