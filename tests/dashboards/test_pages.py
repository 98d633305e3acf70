"""The composed dashboards, as a visit drives them without a browser."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from dashboards.flights.app import Flights
from dashboards.home.app import Home
from dashboards.visits import House, Screen, Visit
from tests.support import flights
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.settings import ROOT
from workbench.tenants.models import Tenant

MakeActor = Callable[[Tenant, Role | str], Awaitable[Actor]]
MOST = 120


def visit_of(database: Database, actor: Actor) -> Visit:
    """The visit of an actor."""
    return Visit(actor, House(database, ROOT / "notebooks"), Screen())


async def until(claim: Callable[[], bool]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(10):
        while not claim():
            await asyncio.sleep(0.02)


class TestFlights:
    """The dashboard of flights."""

    @pytest.fixture
    async def opened(self, database: Database, actor: Actor, tenant: Tenant) -> Flights:
        """A visit whose data have arrived."""
        await flights.load(database, tenant.id, "UA", MOST)
        visit = Flights(visit_of(database, actor))
        await visit._stage.refresh()
        await until(lambda: not visit._list._table.is_loading)
        return visit

    async def test_shows_all_at_first(self, opened: Flights) -> None:
        """The heading, the figures and the first page are there."""
        count = len(flights.sample("UA", MOST))

        assert f"{count} flights of A tenant" in opened._heading.pane.object
        assert f">{count}<" in opened._overview._kpis.pane.object
        assert opened._list._table.label == f"1–25 of {count} flights"
        assert opened._stage._content.visible

    async def test_follows_the_controls(self, opened: Flights) -> None:
        """Choosing an airport changes figures and rows in place; forgetting brings all back."""
        table = opened._list._table
        everything = table.label
        chosen = sum(row["origin"] == "EWR" for row in flights.sample("UA", MOST))

        opened._filters._origin.value = "EWR"
        await until(lambda: table.label.endswith(f"of {chosen} flights"))
        assert f"of {len(flights.sample('UA', MOST))}" in opened._overview._kpis.pane.object
        assert {row[2] for row in table.rows} == {"EWR"}

        opened._filters._forget()
        await until(lambda: table.label == everything)

    async def test_turns_pages_and_order(self, opened: Flights) -> None:
        """Next, previous and a heading ask the server."""
        table = opened._list._table
        first = table.rows

        await opened._wish("next", "")
        assert table.label.startswith("26–50")
        assert table.has_previous
        await opened._wish("previous", "")
        assert table.rows == first
        await opened._wish("sort", "distance")
        miles = [int(row[7].replace(",", "")) for row in table.rows]
        assert miles == sorted(miles)
        assert (table.order, table.descending) == ("distance", False)

    async def test_without_flights(self, database: Database, actor: Actor, tenant: Tenant) -> None:
        """A tenant without rows is told what to do next."""
        await flights.define(database)
        await commands.adopt_shared(database, tenant.id)
        visit = Flights(visit_of(database, actor))
        await visit._stage.refresh()
        await until(lambda: visit._stage._face.pane.visible)

        assert "No flights yet" in visit._stage._face.pane.object
        assert not visit._stage._content.visible

    async def test_visits_share_nothing(
        self, opened: Flights, database: Database, other_tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """What one visitor chooses changes nothing for another, who sees other airports."""
        await flights.load(database, other_tenant.id, "OO")
        other = Flights(visit_of(database, await make_actor(other_tenant, Role.ANALYST)))
        await other._stage.refresh()
        await until(lambda: not other._list._table.is_loading)
        opened._filters._origin.value = "EWR"
        await asyncio.sleep(0.1)

        assert other._state.origin == ""
        assert set(other._filters._destination.options.values()) == {
            "",
            *(row["dest"] for row in flights.sample("OO", 1000)),
        }


class TestHome:
    """The first dashboard."""

    async def test_starts_and_follows_a_run(self, database: Database, actor: Actor) -> None:
        """A started run is in the list at once, and is followed while it waits."""
        home = Home(visit_of(database, actor))
        await home._stage.refresh()
        assert "Nothing has run yet" in home._lists.runs.object
        assert not home._state.is_following

        await home._starter._on_click()
        await until(lambda: "Waiting" in home._lists.runs.object)

        assert "Started" in home._starter._said.pane.object
        await until(lambda: bool(home._state.is_following))
        home._clock.stop()

    async def test_tells_what_is_wrong(self, database: Database, actor: Actor) -> None:
        """A refused order is explained next to the button, and nothing runs."""
        home = Home(visit_of(database, actor))
        await home._stage.refresh()
        await home._start("tenant_report", {"unknown": "<b>"})
        assert "unknown" in home._starter._said.pane.object

        await home._start("no_such_notebook", {})
        assert "no notebook of this name" in home._starter._said.pane.object
        assert "Nothing has run yet" in home._lists.runs.object

    @pytest.mark.acts_as("viewer")
    async def test_offers_a_viewer_no_start(self, database: Database, actor: Actor) -> None:
        """Who may not start runs sees the lists without the form."""
        home = Home(visit_of(database, actor))
        await home._stage.refresh()

        assert "A tenant" in home._heading.pane.object
        assert home._starter.pane not in home._stage._content.select()

    async def test_of_the_operator(self, database: Database, operator: Actor) -> None:
        """Who belongs to no tenant is told so."""
        home = Home(visit_of(database, operator))
        await home._stage.refresh()

        assert "not open to you" in home._stage._face.pane.object
