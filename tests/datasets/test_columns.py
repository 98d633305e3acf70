"""Columns that are added, renamed, retyped, described, dropped and restored, with rows in them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.conftest import MakeActor
from tests.datasets.test_definitions import new
from tests.datasets.test_private import make
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.datasets.errors import Busy, ColumnNotFound, NameTaken, ValuesLost
from workbench.datasets.models import Dataset
from workbench.datasets.schemas import ColumnChange, NewColumn, RowsQuery
from workbench.db.session import Database
from workbench.errors import Conflict, Forbidden, Invalid
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant

NAME = "columns_of_mine"
ROWS: list[dict[str, Any]] = [
    {"code": "7", "size": 1, "share": 0.5, "is_open": True},
    {"code": "x", "size": 2**60, "share": 2.0, "is_open": False},
    {"code": None, "size": None, "share": None, "is_open": None},
]
COLUMNS = [
    NewColumn(name="code", type="text"),
    NewColumn(name="size", type="integer", unit="m", description="How long.", semantic="quantity"),
    NewColumn(name="share", type="number"),
    NewColumn(name="is_open", type="boolean"),
]
pytestmark = pytest.mark.acts_as(Role.ENGINEER)


@pytest.fixture
async def maker(database: Database, actor: Actor) -> Actor:
    """An engineer with a private dataset of three rows."""
    maker = await make(database, actor, new(NAME, *COLUMNS))
    async with database.session(maker) as session:
        await commands.add_rows(session, maker, NAME, ROWS)
    return maker


async def found(database: Database, actor: Actor) -> Dataset:
    """The dataset as it is now."""
    async with database.session(actor) as session:
        return (await session.scalars(queries.dataset(actor, NAME))).one()


async def values(database: Database, actor: Actor, column: str) -> list[Any]:
    """A column's values, by row."""
    dataset = await found(database, actor)
    async with database.reading(actor) as session:
        rows = await session.execute(queries.rows(actor, dataset, RowsQuery()))
        return [row[column] for row in rows.mappings()]


async def change(database: Database, actor: Actor, column: str, **given: Any) -> Any:
    """Change a column."""
    async with database.session(actor) as session:
        order = ColumnChange.model_validate(given)
        return await commands.change_column(session, actor, NAME, column, order)


class TestAdd:
    """A further column."""

    async def test_it_is_there_and_empty(self, database: Database, maker: Actor) -> None:
        """With all that is said of it; rows can be written with it, and the version is another."""
        before = (await found(database, maker)).version
        column = NewColumn(name="site", type="text", title="Site", semantic="url", description="W")
        async with database.session(maker) as session:
            await commands.add_column(session, maker, NAME, column)
        dataset = await found(database, maker)
        assert dataset.version > before
        added = dataset.definition.columns[-1]
        assert (added.name, added.title, added.semantic, added.description) == (
            *("site", "Site", "url", "W"),
        )
        assert await values(database, maker, "site") == [None] * 3
        async with database.session(maker) as session:
            await commands.add_rows(session, maker, NAME, [{"site": "https://a.example"}])
        assert (await values(database, maker, "site"))[-1] == "https://a.example"

    async def test_a_name_is_taken_once(self, database: Database, maker: Actor) -> None:
        """Another column's, or one that rows need, is refused."""
        async with database.session(maker) as session:
            with pytest.raises(NameTaken):
                await commands.add_column(session, maker, NAME, COLUMNS[0])
            column = NewColumn(name="tenant_id", type="text")
            with pytest.raises(Invalid):
                await commands.add_column(session, maker, NAME, column)


class TestRename:
    """Another name for a column."""

    async def test_values_stay(self, database: Database, maker: Actor) -> None:
        """Under the new name; nothing has the old one."""
        await change(database, maker, "size", name="length")
        assert await values(database, maker, "length") == [1, 2**60, None]
        with pytest.raises(ColumnNotFound):
            await change(database, maker, "size", name="more")

    async def test_a_taken_name_is_refused(self, database: Database, maker: Actor) -> None:
        """And the column keeps its own."""
        with pytest.raises(NameTaken):
            await change(database, maker, "size", name="code")
        assert (await values(database, maker, "size"))[0] == 1


RETYPED: dict[tuple[str, str], tuple[list[Any], list[Any]]] = {
    ("code", "integer"): ([7, None, None], ["x"]),
    ("size", "text"): (["1", str(2**60), None], []),
    ("size", "number"): ([1.0, None, None], [str(2**60)]),
    ("share", "integer"): ([None, 2, None], ["0.5"]),
    ("share", "text"): (["0.5", "2", None], []),
    ("is_open", "integer"): ([1, 0, None], []),
    ("is_open", "date"): ([None] * 3, ["true", "false"]),
}


class TestRetype:
    """Another type, and what it would cost."""

    @pytest.mark.parametrize(("column", "to"), RETYPED)
    async def test_what_fits_stays(
        self, database: Database, maker: Actor, column: str, to: str
    ) -> None:
        """A dry run names what would be lost; that is refused unless agreed to; the rest stays."""
        expected, lost = RETYPED[column, to]
        before = await values(database, maker, column)
        async with database.session(maker) as session:
            would = await commands.losses(session, maker, NAME, column, to)
        assert would.lost == len(lost)
        assert [example.value for example in would.examples] == lost
        assert await values(database, maker, column) == before
        if lost:
            with pytest.raises(ValuesLost) as refused:
                await change(database, maker, column, type=to)
            assert [detail.message for detail in refused.value.details] == lost
            assert await values(database, maker, column) == before
        done = await change(database, maker, column, type=to, losing=True)
        assert done.lost == len(lost)
        assert await values(database, maker, column) == expected

    @pytest.mark.parametrize(
        "call",
        [
            "count_losses(:id, 'code', :type)",
            "retype_column(:id, 'code', :type, true)",
            "lost_values(:id, 'code', :type, 20)",
        ],
    )
    async def test_a_type_is_one_of_ours(self, database: Database, maker: Actor, call: str) -> None:
        """PostgreSQL itself refuses a type that it would have to put into a statement."""
        target = (await found(database, maker)).definition_id
        statement = text(f"select workbench.{call}")
        for type_ in ("jsonb", "text) is null or (true", "text; drop table rows.x", "", None):
            with pytest.raises(DBAPIError, match="no such type"):
                async with database.session(maker) as session:
                    await session.execute(statement, {"id": target, "type": type_})
        assert await values(database, maker, "code") == ["7", "x", None]

    async def test_there_and_back(self, database: Database, maker: Actor) -> None:
        """What goes into a text comes out of it."""
        for column in ("size", "share", "is_open"):
            before = await values(database, maker, column)
            kind = next(c.type for c in COLUMNS if c.name == column)
            assert (await change(database, maker, column, type="text")).lost == 0
            assert (await change(database, maker, column, type=kind)).lost == 0
            assert await values(database, maker, column) == before

    async def test_a_prepared_statement_gives_way(self, database: Database, maker: Actor) -> None:
        """A connection that knows the old type fails at most once, and then answers."""
        dataset = await found(database, maker)
        statement = queries.rows(maker, dataset, RowsQuery())
        for _ in range(8):
            async with database.session(maker) as session:
                await session.execute(statement)
        await change(database, maker, "size", type="text")
        answers = []
        for _ in range(12):
            try:
                async with database.session(maker) as session:
                    answers.append((await session.execute(statement)).mappings().first())
            except Exception as error:  # noqa: BLE001 (it is looked at below)
                answers.append(error)
        wrong = [answer for answer in answers if isinstance(answer, Exception)]
        assert len(wrong) <= 1
        assert not isinstance(answers[-1], Exception)

    @pytest.mark.usefixtures("maker")
    async def test_an_analyst_changes_none_of_others(
        self, database: Database, make_actor: MakeActor, tenant: Tenant
    ) -> None:
        """Nor does he learn what would be lost; the maker may be an analyst himself."""
        other = await make_actor(tenant, Role.ANALYST)
        with pytest.raises(Forbidden):
            await change(database, other, "code", type="integer", losing=True)
        async with database.session(other) as session:
            with pytest.raises(Forbidden):
                await commands.losses(session, other, NAME, "code", "integer")
        own = await make(database, other, new("analysts_own", NewColumn(name="a", type="text")))
        async with database.session(own) as session:
            await commands.add_column(
                session, own, "analysts_own", NewColumn(name="b", type="text")
            )


class TestDescribe:
    """What a column means."""

    async def test_what_is_left_out_stays(self, database: Database, maker: Actor) -> None:
        """Null takes a unit away; the version is another."""
        before = (await found(database, maker)).version
        await change(database, maker, "size", title="Length", unit=None, semantic="ordinal")
        dataset = await found(database, maker)
        size = next(c for c in dataset.definition.columns if c.name == "size")
        assert (size.title, size.unit, size.description, size.semantic) == (
            *("Length", None, "How long.", "ordinal"),
        )
        assert dataset.version > before


class TestDrop:
    """A column that goes, and comes back."""

    async def test_it_comes_back_with_its_values(self, database: Database, maker: Actor) -> None:
        """Meanwhile no reader sees it."""
        async with database.session(maker) as session:
            await commands.drop_column(session, maker, NAME, "size")
        assert "size" not in [c.name for c in (await found(database, maker)).definition.columns]
        async with database.session(maker) as session:
            await commands.restore_column(session, maker, NAME, "size")
        assert await values(database, maker, "size") == [1, 2**60, None]

    async def test_its_name_is_free(self, database: Database, maker: Actor) -> None:
        """Another column may have it; then the old one stays away."""
        async with database.session(maker) as session:
            await commands.drop_column(session, maker, NAME, "size")
            await commands.add_column(session, maker, NAME, NewColumn(name="size", type="text"))
            with pytest.raises(NameTaken):
                await commands.restore_column(session, maker, NAME, "size")
        assert await values(database, maker, "size") == [None] * 3

    async def test_the_last_stays(self, database: Database, maker: Actor) -> None:
        """A dataset has at least one column."""
        async with database.session(maker) as session:
            for column in COLUMNS[1:]:
                await commands.drop_column(session, maker, NAME, column.name)
            with pytest.raises(Conflict, match="last column"):
                await commands.drop_column(session, maker, NAME, "code")
        assert len((await found(database, maker)).definition.columns) == 1


@pytest.fixture
async def reading(database: Database, maker: Actor) -> AsyncIterator[None]:
    """A reader in the middle of a long statement."""
    dataset = await found(database, maker)
    async with database.reading(maker) as session:
        await session.execute(queries.rows(maker, dataset, RowsQuery()))
        yield


class TestBusy:
    """Nobody waits for ever behind a reader."""

    @pytest.mark.usefixtures("reading")
    async def test_a_change_gives_up(self, database: Database, maker: Actor) -> None:
        """After some seconds, and says so; nothing has changed."""
        with pytest.raises(Busy):
            await change(database, maker, "size", type="text")
        assert (await found(database, maker)).definition.columns[1].type == "integer"

    async def test_afterwards_it_goes_through(self, database: Database, maker: Actor) -> None:
        """As soon as the reader has ended."""
        await change(database, maker, "size", type="text")
        assert (await found(database, maker)).definition.columns[1].type == "text"


async def test_the_operator_changes_all_tenants_rows(
    database: Database,
    operator: Actor,
    actor: Actor,
    other_tenant: Tenant,
    make_actor: MakeActor,
) -> None:
    """He learns how many values would be lost, and none of them; every tenant's version rises."""
    order = new(None, NewColumn(name="code", type="text"))
    async with database.session(operator) as session:
        await commands.define(session, operator, order)
    there = await make_actor(other_tenant, Role.ENGINEER)
    for engineer, code in ((actor, "7"), (there, "secret")):
        async with database.session(engineer) as session:
            await commands.add_rows(session, engineer, order.name, [{"code": code}])
    async with database.session(operator) as session:
        would = await commands.losses(session, operator, order.name, "code", "integer")
        assert (would.lost, would.examples) == (1, [])
        with pytest.raises(ValuesLost) as refused:
            await commands.retype_column(session, operator, order.name, "code", "integer")
        assert "secret" not in str(refused.value.details)
        await commands.retype_column(session, operator, order.name, "code", "integer", losing=True)
    for engineer, left in ((actor, 7), (there, None)):
        async with database.session(engineer) as session:
            dataset = (await session.scalars(queries.dataset(engineer, order.name))).one()
            rows = (await session.execute(queries.rows(engineer, dataset, RowsQuery()))).mappings()
            assert [row["code"] for row in rows] == [left]
            assert dataset.version == 2
    with pytest.raises(Forbidden, match="operator"):
        async with database.session(actor) as session:
            await commands.drop_column(session, actor, order.name, "code")
    assert not operator.may(Permission.ROW_READ)
