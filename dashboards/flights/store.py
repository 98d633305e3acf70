"""The only way from this dashboard to the database: what it asks, as the visitor."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboards import reads
from dashboards.flights.figures import (
    ON_TIME,
    Day,
    Destination,
    Figures,
    Hour,
    Options,
    Totals,
    hours_of_the_week,
)
from dashboards.flights.state import Choice
from dashboards.visits import Visit
from workbench.datasets import queries
from workbench.datasets.models import Dataset
from workbench.datasets.schemas import (
    Aggregation,
    Condition,
    Group,
    Measure,
    RowsQuery,
    Sort,
)
from workbench.db.pages import Page
from workbench.errors import NotFound
from workbench.tenants import queries as tenants

Row = Mapping[Any, Any]
FLIGHTS = "flights"
AIRPORTS = "airports"
NEW_YORK = ZoneInfo("America/New_York")  # where every flight of this dataset departs
SESSIONS = 4  # of one visit at a time
SHOWN_DESTINATIONS = 12
PAGE = 25
COUNT = Measure(function="count", name="count")
DELAY = Measure(function="mean", column="arr_delay", name="delay")


class NoFlights(NotFound):
    """There is no dataset of flights here yet."""


class Store:
    """Asks for one visit; each statement in a session of its own, several at once."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._visit = visit
        self._slots = asyncio.Semaphore(SESSIONS)
        self._datasets: dict[str, Dataset] = {}
        self._airports: Mapping[str, str] = {}

    def forget(self) -> None:
        """Look the datasets up again: they may have changed, or be gone."""
        self._datasets.clear()

    async def tenant_name(self) -> str:
        """The name of the visitor's tenant."""
        actor = self._visit.actor
        async with self._visit.house.database.reading(actor) as session:
            tenant = await session.scalar(tenants.tenant(actor, actor.require_tenant()))
            return tenant.name if tenant else ""

    async def options(self) -> Options:
        """What the tenant's own flights let one choose; raise NoFlights without the dataset."""
        times = [Measure(function=f, column="time_hour", name=f) for f in ("min", "max")]
        async with self._noted("options"):
            origins, destinations, [period] = await asyncio.gather(
                self._counts("origin"), self._counts("dest"), self._ask(Aggregation(measures=times))
            )
            self._airports = await self._names({*origins, *destinations})
        first, last = _local_day(period["min"]), _local_day(period["max"])
        return Options(origins, destinations, first, last, self._airports)

    async def figures(self, choice: Choice) -> Figures:
        """All figures of the chosen flights, asked for at the same time."""
        conditions = where(choice)
        async with self._noted("figures"):
            return Figures(
                *await asyncio.gather(
                    self._totals(conditions),
                    self._days(conditions),
                    self._destinations(conditions),
                    self._hours(conditions),
                )
            )

    async def flights(self, choice: Choice, order: Sort, cursor: str | None) -> Page[Row]:
        """One page of the chosen flights."""
        query = RowsQuery(filter=where(choice), sort=[order], cursor=cursor, limit=PAGE)
        async with self._noted("flights"):
            return queries.page(query, await self._rows(FLIGHTS, query))

    def _noted(self, part: str) -> AbstractAsyncContextManager[None]:
        return reads.noted(self._visit, FLIGHTS, part)

    async def _totals(self, conditions: list[Condition]) -> Totals:
        measures = [
            COUNT,
            Measure(function="count", column="dep_time", name="departed"),
            Measure(function="count", column="arr_delay", name="arrived"),
            DELAY,
            Measure(function="sum", column="distance", name="miles"),
        ]
        is_on_time = Condition(column="arr_delay", op="le", value=ON_TIME)
        [all_], [on_time] = await asyncio.gather(
            self._ask(Aggregation(measures=measures, filter=conditions)),
            self._ask(Aggregation(measures=[COUNT], filter=[*conditions, is_on_time])),
        )
        return Totals(
            flights=all_["count"],
            departed=all_["departed"],
            arrived=all_["arrived"],
            on_time=on_time["count"],
            arrival_delay=all_["delay"],
            miles=all_["miles"],
        )

    async def _days(self, conditions: list[Condition]) -> list[Day]:
        group = [Group(column=name) for name in ("year", "month", "day")]
        rows = await self._ask(
            Aggregation(group=group, measures=[COUNT, DELAY], filter=conditions, limit=10_000)
        )
        return [
            Day(date(row["year"], row["month"], row["day"]), row["count"], row["delay"])
            for row in rows
        ]

    async def _destinations(self, conditions: list[Condition]) -> list[Destination]:
        rows = await self._ask(
            Aggregation(
                group=[Group(column="dest")],
                measures=[COUNT, DELAY],
                filter=conditions,
                sort=[Sort(column="count", descending=True)],
                limit=SHOWN_DESTINATIONS,
            )
        )
        return [
            Destination(
                row["dest"], self._airports.get(row["dest"], ""), row["count"], row["delay"]
            )
            for row in rows
        ]

    async def _hours(self, conditions: list[Condition]) -> list[Hour]:
        group = [
            Group(column="hour"),
            Group(column="time_hour", bucket="weekday", name="weekday"),
            Group(column="time_hour", bucket="hour_of_day", name="utc_hour"),
        ]
        measures = [
            Measure(function="count", column="dep_delay", name="count"),
            Measure(function="mean", column="dep_delay", name="delay"),
        ]
        return hours_of_the_week(
            await self._ask(Aggregation(group=group, measures=measures, filter=conditions))
        )

    async def _counts(self, column: str) -> dict[str, int]:
        rows = await self._ask(
            Aggregation(
                group=[Group(column=column, name="key")],
                measures=[COUNT],
                sort=[Sort(column="count", descending=True)],
            )
        )
        return {row["key"]: row["count"] for row in rows if row["key"]}

    async def _names(self, codes: set[str]) -> dict[str, str]:
        if not codes:
            return {}
        known = Condition(column="faa", op="in", value=sorted(codes))
        try:
            rows = await self._rows(AIRPORTS, RowsQuery(filter=[known], limit=1000))
        except NotFound:
            return {}
        return {row["faa"]: row["name"] for row in rows if row["name"]}

    async def _ask(self, aggregation: Aggregation) -> Sequence[Row]:
        dataset = await self._dataset(FLIGHTS)
        house, actor = self._visit.house, self._visit.actor
        async with self._slots, house.database.reading(actor) as session:
            answer = await house.answers.answer(session, actor, dataset, aggregation)
        reads.count(FLIGHTS, len(answer.rows))
        return answer.rows

    async def _rows(self, name: str, query: RowsQuery) -> Sequence[Row]:
        dataset = await self._dataset(name)
        return await self._read(name, queries.rows(self._visit.actor, dataset, query))

    async def _read(self, name: str, statement: Any) -> Sequence[Row]:
        database, actor = self._visit.house.database, self._visit.actor
        async with self._slots, database.reading(actor) as session:
            rows = (await session.execute(statement)).mappings().all()
        reads.count(name, len(rows))
        return rows

    async def _dataset(self, name: str) -> Dataset:
        if name not in self._datasets:
            database, actor = self._visit.house.database, self._visit.actor
            async with self._slots, database.reading(actor) as session:
                found = await session.scalar(queries.dataset(actor, name))
            if found is None:
                raise NoFlights
            self._datasets[name] = found
        return self._datasets[name]


def where(choice: Choice) -> list[Condition]:
    """The choice as conditions on the rows."""
    conditions = []
    if choice.origin:
        conditions.append(Condition(column="origin", op="eq", value=choice.origin))
    if choice.destination:
        conditions.append(Condition(column="dest", op="eq", value=choice.destination))
    if choice.since:
        conditions.append(Condition(column="time_hour", op="ge", value=_midnight(choice.since)))
    if choice.until:
        end = _midnight(choice.until + timedelta(days=1))
        conditions.append(Condition(column="time_hour", op="lt", value=end))
    return conditions


def _midnight(day: date) -> str:
    return datetime.combine(day, time.min, NEW_YORK).astimezone(UTC).isoformat()


def _local_day(moment: datetime | None) -> date | None:
    return moment.astimezone(NEW_YORK).date() if moment else None
