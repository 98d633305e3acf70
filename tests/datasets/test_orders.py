"""Kept orders: each page is the one that sorting answers, and is read from an index."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg.errors import ProgramLimitExceeded
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.conftest import MakeActor
from tests.datasets.test_columns import COLUMNS, NAME, found
from tests.datasets.test_definitions import new
from tests.datasets.test_private import make
from tests.datasets.test_searching import seeing
from workbench.actor import Actor
from workbench.datasets import commands, orders, queries
from workbench.datasets.errors import ColumnNotFound
from workbench.datasets.schemas import Condition, RowsQuery, Sort
from workbench.db.session import Database
from workbench.errors import Conflict, Forbidden
from workbench.permissions import Role
from workbench.tenants.models import Tenant

pytestmark = pytest.mark.acts_as(Role.ENGINEER)
SORTS = [
    [Sort(column=name, descending=descending) for name, descending in zip(names, ways, strict=True)]
    for names in (("code",), ("size",), ("is_open", "size"))
    for ways in itertools.product([False, True], repeat=len(names))
]
LATER = datetime(2100, 1, 1, tzinfo=UTC)
PLAN = "set local enable_seqscan = off; set local enable_bitmapscan = off"


@pytest.fixture
async def maker(database: Database, actor: Actor) -> Actor:
    """An engineer with rows of few values, some of them none."""
    maker = await make(database, actor, new(NAME, *COLUMNS))
    values = itertools.product([None, "a", "B"], [None, 1, 2**60], [None, True, False])
    rows = [{"code": code, "size": size, "is_open": is_open} for code, size, is_open in values]
    async with database.session(maker) as session:
        await commands.add_rows(session, maker, NAME, rows)
        await commands.delete_row(session, maker, NAME, 5)
    return maker


async def keep(database: Database, actor: Actor, *sorts: Sequence[Sort]) -> None:
    """Have orders kept."""
    async with database.session(actor) as session:
        for sort in sorts:
            await commands.add_order(session, actor, NAME, sort)


async def walk(database: Database, actor: Actor, limit: int, **query: Any) -> list[int]:
    """The keys of all rows, page by page."""
    keys: list[int] = []
    dataset, cursor = await found(database, actor), None
    while cursor is not None or not keys:
        asked = RowsQuery(limit=limit, cursor=cursor, **query)
        async with database.reading(actor) as session:
            rows = (await session.execute(queries.rows(actor, dataset, asked))).mappings().all()
        page = queries.page(asked, rows)
        keys += [row["row_id"] for row in page.items]
        cursor = page.next_cursor
    return keys


async def plan(database: Database, actor: Actor, query: RowsQuery) -> str:
    """How PostgreSQL reads a page, where it cannot read the whole table."""
    statement = queries.rows(actor, await found(database, actor), query)
    async with database.session(actor) as session:
        for line in PLAN.split("; "):
            await session.execute(text(line))
        connection = await session.connection()
        compiled = statement.compile(
            dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
        )
        explained = await connection.exec_driver_sql(
            f"explain (costs off) {compiled}", compiled.params
        )
        return "\n".join(row[0] for row in explained)


class TestPages:
    """What a page holds, and where from."""

    async def test_they_are_those_that_sorting_answers(
        self, database: Database, maker: Actor
    ) -> None:
        """Whatever the columns and directions, row by row and filtered too."""
        few = [Condition(column="size", op="is_null", value=False)]
        sorted_ = [await walk(database, maker, 1000, sort=sort) for sort in SORTS]
        filtered = [await walk(database, maker, 1000, sort=sort, filter=few) for sort in SORTS]
        await keep(database, maker, *SORTS)
        assert len(sorted_[0]) == 26
        for sort, whole, part in zip(SORTS, sorted_, filtered, strict=True):
            for limit in (1, 4, 1000):
                assert await walk(database, maker, limit, sort=sort) == whole
                assert await walk(database, maker, limit, sort=sort, filter=few) == part

    async def test_each_piece_is_a_range_of_the_index(
        self, database: Database, maker: Actor
    ) -> None:
        """The first page and those after it; with a filter the index is left aside."""
        dataset = await found(database, maker)
        for sort in SORTS:
            query = RowsQuery(sort=sort, limit=4)
            async with database.session(maker) as session:
                rows = await session.execute(queries.rows(maker, dataset, query))
            after = queries.page(query, rows.mappings().all()).next_cursor
            later = query.model_copy(update={"cursor": after})
            assert " o_" not in await plan(database, maker, query)
            await keep(database, maker, sort)
            assert " using o_" in await plan(database, maker, query)
            pieces = (await plan(database, maker, later)).split("->  Limit")[1:]
            assert pieces
            for piece in pieces:
                assert " using o_" in piece
                assert " Sort" not in piece.partition(" using o_")[2].partition("->")[0]
                assert "Filter" not in piece
            few = [Condition(column="code", op="eq", value="a")]
            aside = query.model_copy(update={"filter": few})
            assert "Sort Key: (GREATEST(" in await plan(database, maker, aside)
            async with database.session(maker) as session:
                await commands.drop_order(session, maker, NAME, sort)

    @pytest.mark.acts_as(Role.OWNER)
    async def test_a_part_is_sorted(self, database: Database, maker: Actor) -> None:
        """Its columns may be masked, which no index knows; who sees all reads the index."""
        part = {"filter": {"column": "size", "op": "eq", "value": 1}, "masks": {"code": "hash"}}
        reader = await seeing(database, maker, part)
        order = [*SORTS[0], Sort(column="row_id")]
        before = await walk(database, reader, 2, sort=SORTS[0])
        await keep(database, maker, SORTS[0])
        dataset = await found(database, maker)
        assert orders.is_kept(maker, dataset.definition, order)
        assert not orders.is_kept(reader, dataset.definition, order)
        assert await walk(database, reader, 2, sort=SORTS[0]) == before
        assert len(before) == 8
        other = [*SORTS[0], Sort(column="row_id", descending=True)]
        assert not orders.is_kept(maker, dataset.definition, other)


class TestKeeping:
    """Who may keep an order, and what becomes of it."""

    async def test_it_follows_its_columns(self, database: Database, maker: Actor) -> None:
        """Through names and types, away with a dropped column, back with it, and gone for good."""
        await keep(database, maker, SORTS[0], SORTS[0], SORTS[-1])
        assert await kept(database, maker) == ["code", "-is_open,-size"]
        async with database.session(maker) as session:
            await commands.rename_column(session, maker, NAME, "size", "length")
            await commands.retype_column(session, maker, NAME, "length", "text")
        assert await kept(database, maker) == ["code", "-is_open,-length"]
        sort = [Sort(column="is_open", descending=True), Sort(column="length", descending=True)]
        assert " using o_" in await plan(database, maker, RowsQuery(sort=sort))
        async with database.session(maker) as session:
            await commands.drop_column(session, maker, NAME, "length")
        assert await kept(database, maker) == ["code"]
        async with database.session(maker) as session:
            await commands.restore_column(session, maker, NAME, "length")
        assert await kept(database, maker) == ["code", "-is_open,-length"]
        purger = commands.purger(maker.tenant_id)
        definition = (await found(database, maker)).definition
        async with database.session(maker) as session:
            await commands.drop_column(session, maker, NAME, "length")
        async with database.session(purger) as session:
            await commands.purge_columns(session, purger, definition.id, LATER)
        assert len(definition.kept) == 2
        assert (await found(database, maker)).definition.kept == definition.kept[:1]

    async def test_what_cannot_be_kept(
        self, database: Database, maker: Actor, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """A column that is not there or named twice, a ninth order, one of somebody else's."""
        async with database.session(maker) as session:
            for wrong in ([Sort(column="x")], [*SORTS[0], *SORTS[0]], [Sort(column="row_id")]):
                with pytest.raises(ColumnNotFound):
                    await commands.add_order(session, maker, NAME, wrong)
            with pytest.raises(Conflict, match="not kept"):
                await commands.drop_order(session, maker, NAME, SORTS[0])
        await keep(database, maker, *SORTS)
        with pytest.raises(Conflict, match="at most 8"):
            await keep(database, maker, [Sort(column="share")])
        viewer = await make_actor(tenant, Role.VIEWER)
        with pytest.raises(Forbidden):
            await keep(database, viewer, [Sort(column="share")])
        values = {"definition": (await found(database, maker)).definition_id}
        for name in ("add_order", "drop_order", "order_statement"):
            called = text(f"select workbench.{name}(:definition, array['code'])")
            async with database.session(viewer) as session:
                with pytest.raises(DBAPIError, match="dataset:define"):
                    await session.execute(called, values)

    async def test_a_text_too_long_for_an_index(self, database: Database, maker: Actor) -> None:
        """It is refused where its column is in order, and stored where it is not."""
        long = [{"code": "".join(f"{number:x}" for number in range(9000))}]
        await keep(database, maker, SORTS[0])
        with pytest.raises(DBAPIError) as refused:
            async with database.session(maker) as session:
                await commands.add_rows(session, maker, NAME, long)
        assert isinstance(refused.value.orig, ProgramLimitExceeded)
        async with database.session(maker) as session:
            await commands.drop_order(session, maker, NAME, SORTS[0])
            await commands.add_rows(session, maker, NAME, long)
        with pytest.raises(Conflict, match="too long"):
            await keep(database, maker, SORTS[0])


async def kept(database: Database, actor: Actor) -> list[str]:
    """The orders that are kept."""
    return (await found(database, actor)).definition.orders
