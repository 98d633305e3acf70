"""What the dashboard of flights asks: only the tenant's own, and the right figures of it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import DBAPIError

from dashboards.components import states
from dashboards.flights.figures import hours_of_the_week
from dashboards.flights.state import Choice, State
from dashboards.flights.store import NoFlights, Store
from dashboards.visits import House, Screen, Visit
from tests.support import flights
from workbench.access import sign_in
from workbench.actor import Actor
from workbench.datasets.schemas import Sort
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.tenants.models import Tenant

MOST = 300
NEWEST = Sort(column="time_hour", descending=True)
Rows = Sequence[dict[str, Any]]


def visit_of(database: Database, actor: Actor) -> Visit:
    """The visit of an actor."""
    return Visit(actor, House(database, Path("notebooks")), Screen())


@pytest.fixture
async def rows(database: Database, tenant: Tenant, other_tenant: Tenant) -> Rows:
    """The flights of `tenant`; `other_tenant` has those of another carrier."""
    await flights.load(database, tenant.id, "UA", MOST)
    await flights.load(database, other_tenant.id, "B6", MOST)
    return flights.sample("UA", MOST)


@pytest.fixture
def store(database: Database, actor: Actor) -> Store:
    """The store of the actor's visit."""
    return Store(visit_of(database, actor))


class TestOptions:
    """What can be chosen."""

    async def test_are_the_tenants_own(
        self, rows: Rows, store: Store, database: Database, other_tenant: Tenant, make_actor: Any
    ) -> None:
        """Every airport that is offered is in the tenant's own rows, and all of those are."""
        other = Store(visit_of(database, await make_actor(other_tenant, "analyst")))
        mine, theirs = await store.options(), await other.options()

        assert set(mine.destinations) == {row["dest"] for row in rows}
        assert set(theirs.destinations) == {r["dest"] for r in flights.sample("B6", MOST)}
        assert set(theirs.destinations) != set(mine.destinations)
        assert mine.flights == len(rows)
        days = [date(row["year"], row["month"], row["day"]) for row in rows]
        assert (mine.first, mine.last) == (min(days), max(days))

    @pytest.mark.usefixtures("rows")
    async def test_need_a_right(self, database: Database, actor: Actor) -> None:
        """Who may not read datasets is refused; who may is not."""
        assert (await Store(visit_of(database, actor)).options()).flights
        with pytest.raises(Forbidden):
            await Store(visit_of(database, actor.narrowed([]))).options()

    async def test_without_the_dataset(self, database: Database, actor: Actor) -> None:
        """Before anybody defines flights there is a face for it, not an error."""
        await flights.define(database)
        with pytest.raises(NoFlights):
            await Store(visit_of(database, actor)).options()

    @pytest.mark.usefixtures("rows")
    async def test_end_with_the_login(self, database: Database, actor: Actor, store: Store) -> None:
        """The statement after a revocation fails, in a visit that has worked before."""
        assert (await store.options()).flights
        await sign_in.sign_out(database, actor, datetime.now(UTC))

        with pytest.raises(DBAPIError) as error:
            await store.options()
        assert states.of(error.value) is states.SIGNED_OUT


class TestFigures:
    """The figures of a choice."""

    async def test_are_right(self, rows: Rows, store: Store) -> None:
        """All figures equal those that Python computes from the same rows."""
        figures = await store.figures(Choice())
        totals = figures.totals
        delays = [row["arr_delay"] for row in rows if row["arr_delay"] is not None]

        assert totals.flights == len(rows)
        assert totals.arrival_delay == pytest.approx(fmean(delays))
        assert totals.share_on_time == pytest.approx(fmean(delay <= 15 for delay in delays))
        assert totals.share_cancelled == pytest.approx(
            fmean(row["dep_time"] is None for row in rows)
        )
        assert totals.miles == sum(row["distance"] for row in rows)
        assert sum(day.flights for day in figures.days) == len(rows)
        assert figures.destinations[0].flights >= figures.destinations[-1].flights

    async def test_hours_are_local(self, rows: Rows, store: Store) -> None:
        """The weekday of an evening flight is that of New York, not the next one of UTC."""
        expected: dict[tuple[int, int], list[int]] = {}
        for row in rows:
            if row["dep_delay"] is not None:
                day = date(row["year"], row["month"], row["day"])
                expected.setdefault((day.weekday(), row["hour"]), []).append(row["dep_delay"])
        found = (await store.figures(Choice())).hours

        assert {(hour.weekday, hour.hour) for hour in found} == set(expected)
        for hour in found:
            delays = expected[hour.weekday, hour.hour]
            assert hour.flights == len(delays)
            assert hour.delay == pytest.approx(fmean(delays))

    async def test_follow_the_choice(self, rows: Rows, store: Store) -> None:
        """Airports and days narrow the figures; both days belong to the period."""
        since, until = date(2013, 3, 1), date(2013, 6, 30)
        wanted = [
            row
            for row in rows
            if row["origin"] == "EWR"
            and since <= date(row["year"], row["month"], row["day"]) <= until
        ]
        found = await store.figures(Choice(origin="EWR", since=since, until=until))

        assert found.totals.flights == len(wanted) > 0
        nowhere = await store.figures(Choice(destination="' or true --"))
        assert nowhere.totals.flights == 0
        assert nowhere.totals.share_on_time is None


class TestFlights:
    """The rows, page by page."""

    async def test_pages_hold_each_row_once(self, rows: Rows, store: Store) -> None:
        """Going on from page to page shows every row of the choice, in order."""
        seen: list[Any] = []
        cursor = None
        while True:
            page = await store.flights(Choice(origin="LGA"), NEWEST, cursor)
            seen.extend(page.items)
            cursor = page.next_cursor
            if cursor is None:
                break

        assert len(seen) == len([row for row in rows if row["origin"] == "LGA"])
        assert len({row["row_id"] for row in seen}) == len(seen)
        times = [row["time_hour"] for row in seen]
        assert times == sorted(times, reverse=True)


def test_hours_of_the_week_join_summer_and_winter() -> None:
    """The same local hour is one cell all year, whatever it is in UTC."""
    new_york = ZoneInfo("America/New_York")
    rows = []
    for day in (date(2013, 1, 7), date(2013, 7, 8)):  # both a Monday
        moment = datetime(day.year, day.month, day.day, 21, tzinfo=new_york).astimezone(UTC)
        rows.append(
            {
                "hour": 21,
                "weekday": moment.weekday(),
                "utc_hour": moment.hour,
                "count": 1,
                "delay": float(day.month),
            }
        )

    [cell] = hours_of_the_week(rows)

    assert (cell.weekday, cell.hour, cell.flights, cell.delay) == (0, 21, 2, 4.0)


def test_state_turns_pages_and_order() -> None:
    """Sorting again turns the order round, and a new order begins at the first page."""
    state = State()
    state.go_on("second")
    state.go_on("third")
    state.go_back()
    assert state.cursors == [None, "second"]

    state.sort_by("distance")
    assert (state.order, state.descending, state.cursors) == ("distance", False, [None])
    state.sort_by("distance")
    assert state.descending
