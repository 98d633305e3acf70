"""Reading datasets as one actor, for the tests of questions."""

from collections.abc import Mapping
from typing import Any

import pytest

from workbench.actor import Actor
from workbench.datasets import queries
from workbench.datasets.models import Dataset
from workbench.datasets.schemas import (
    Aggregation,
    Filter,
    RowsQuery,
    Sort,
)
from workbench.db.session import Database
from workbench.tenants.models import Tenant

COLUMNS = ("carrier", "dest", "delay", "distance", "cancelled", "flown_on", "departed")


@pytest.fixture
def tenant(world: tuple[Tenant, Tenant]) -> Tenant:
    """The tenant of six trips."""
    return world[0]


@pytest.fixture
def other_tenant(world: tuple[Tenant, Tenant]) -> Tenant:
    """The tenant of two trips."""
    return world[1]


class Reader:
    """One actor who reads `sample_trips`."""

    def __init__(self, database: Database, actor: Actor, dataset: Dataset) -> None:
        """Through the reader's role."""
        self.database, self.actor, self.dataset = database, actor, dataset

    async def page(self, query: RowsQuery) -> tuple[list[Mapping[Any, Any]], str | None]:
        """The rows of a page, and the next cursor."""
        async with self.database.reading(self.actor) as session:
            statement = queries.rows(self.actor, self.dataset, query)
            found = (await session.execute(statement)).mappings().all()
        page = queries.page(query, found)
        return list(page.items), page.next_cursor

    async def walk(self, **query: Any) -> list[Mapping[Any, Any]]:
        """All rows, page by page."""
        rows, cursor = await self.page(RowsQuery(**query))
        while cursor is not None:
            more, cursor = await self.page(RowsQuery(**query, cursor=cursor))
            rows += more
        return rows

    async def matching(self, *filters: Filter) -> list[Any]:
        """The delays of the rows that match, and that `count` agrees."""
        rows = await self.walk(filter=list(filters), sort=[Sort(column="delay")])
        async with self.database.reading(self.actor) as session:
            count = queries.count(self.actor, self.dataset, filters)
            assert await session.scalar(count) == len(rows)
        return [row["delay"] for row in rows]

    async def figures(self, **aggregation: Any) -> list[tuple[Any, ...]]:
        """The answer of an aggregation, as rows."""
        async with self.database.reading(self.actor) as session:
            statement = queries.aggregate(self.actor, self.dataset, Aggregation(**aggregation))
            return [tuple(row) for row in await session.execute(statement)]


async def reader_of(database: Database, actor: Actor) -> Reader:
    """A reader of the actor's own `sample_trips`."""
    async with database.reading(actor) as session:
        dataset = await session.scalar(queries.dataset(actor, "sample_trips"))
    assert dataset is not None
    return Reader(database, actor, dataset)


@pytest.fixture
async def reader(database: Database, actor: Actor) -> Reader:
    """The analyst's own."""
    return await reader_of(database, actor)
