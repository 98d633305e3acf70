"""Rows from before private datasets stay; private ones go with the migration, and shared stay."""

import psycopg
from alembic import command
from sqlalchemy import create_engine, pool

from tests.isolation.conftest import made
from tests.isolation.world import World, attempt, tell
from workbench.datasets import commands
from workbench.datasets.schemas import NewColumn, NewDataset
from workbench.db import schema
from workbench.db.embedded import Embedded
from workbench.proof import catalogue
from workbench.proof.founding import PRIVATE
from workbench.settings import Settings

BEFORE = "0019"


def _shared(superuser: psycopg.Connection) -> tuple[str, list[tuple[object, ...]]]:
    """The shared dataset's table, and its rows."""
    row = superuser.execute(
        "select id from workbench.definitions where name = 'secrets'"
    ).fetchone()
    assert row is not None
    table = f"rows.d_{row[0].hex}"
    return table, superuser.execute(f"select * from {table} order by tenant_id").fetchall()


async def test_down_and_up_again(settings: Settings, migrated: Embedded) -> None:
    """Two tenants with rows, down to the revision before and up to the newest."""
    async with made(settings, migrated, "private_round") as world:
        table, rows = _shared(world.superuser)
        assert len(rows) == 2
        assert len(catalogue.private_views(world.superuser)) == 2
        _move(world, BEFORE)
        assert catalogue.private_views(world.superuser) == []
        left = world.superuser.execute("select name from workbench.definitions").fetchall()
        assert left == [("secrets",)]
        tables = catalogue.relations(world.superuser, "r", "rows")
        assert [str(found) for found in tables] == [table]
        assert _shared(world.superuser)[1] == rows
        _sees_its_own(world)
        _move(world, "head")
        assert _shared(world.superuser)[1] == rows
        _sees_its_own(world)
        await _makes_one_again(world)


def _move(world: World, to: str) -> None:
    """Downgrade or upgrade the world's database."""
    with create_engine(world.owner, poolclass=pool.NullPool).connect() as connection:
        config = schema.config(connection)
        (command.upgrade if to == "head" else command.downgrade)(config, to)


def _sees_its_own(world: World) -> None:
    """Each tenant still reads its rows of the shared dataset, and nobody else's."""
    for mine, other in ((world.a, world.b), (world.b, world.a)):
        with world.connect("app", mine) as connection:
            tell(connection, world.token("app", mine))
            seen = attempt(connection, "select * from data.secrets")
            assert mine in seen
            assert other not in seen


async def _makes_one_again(world: World) -> None:
    """A private dataset can be made where one of that name was."""
    column = NewColumn(name="a_text", type="text")
    async with world.database.session(world.a.member) as session:
        new = NewDataset(name=PRIVATE, title="", columns=[column])
        assert (await commands.define_private(session, world.a.member, new)).definition.is_private
