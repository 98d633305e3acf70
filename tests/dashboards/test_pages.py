"""The composed dashboards, as a visit drives them without a browser."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from dashboards.app import PAGES
from dashboards.components.shell import links
from dashboards.components.tenant_switcher import TenantSwitcher
from dashboards.flights.app import Flights
from dashboards.home.app import Home, Overview, page
from dashboards.visits import House, Screen, Visit
from tests.support import flights, people
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Permission, Role
from workbench.settings import ROOT
from workbench.tenants import commands as tenants
from workbench.tenants.models import Tenant

MakeActor = Callable[[Tenant, Role | str], Awaitable[Actor]]
MOST = 120


def visit_of(database: Database, actor: Actor) -> Visit:
    """The visit of an actor."""
    return Visit(actor, House(database, ROOT / "notebooks"), Screen())


async def until(claim: Callable[[], bool]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(30):
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

    async def test_starts_and_follows_a_run(
        self, database: Database, tenant: Tenant, actor: Actor
    ) -> None:
        """A started run is in the list at once, and is followed while it waits."""
        await flights.load(database, tenant.id, "OO")
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

    async def test_without_the_permission(self, database: Database, actor: Actor) -> None:
        """Who may not read runs is told so, without a button that leads to this very page."""
        limited = actor.narrowed(actor.permissions - {Permission.RUN_READ})
        home = Home(visit_of(database, limited))
        await home._stage.refresh()

        assert "not open to you" in home._stage._face.pane.object
        assert "href" not in home._stage._face.pane.object


class TestPlatform:
    """The first dashboard of the platform's operator."""

    async def test_shows_every_tenant(self, database: Database, operator: Actor) -> None:
        """Tenants are listed with who is suspended, and there is nothing that would be theirs."""
        # The list begins with the first by name, of the many that other tests made.
        tenant, other_tenant = [
            await people.make_tenant(database, f"0{which}-{new_id().hex[-12:]}") for which in "01"
        ]
        async with database.session(operator) as session:
            await tenants.suspend(session, operator, tenant.id, datetime.now(UTC))
        visit = Overview(visit_of(database, operator))
        await visit._stage.refresh()
        shown = visit._tenants.pane.object

        assert visit._stage._content.visible
        assert "for the whole platform" in visit._heading.pane.object
        assert "Suspended" in shown.split(tenant.slug)[0].rpartition("<tr>")[2]
        assert "Suspended" not in shown.split(other_tenant.slug)[0].rpartition("<tr>")[2]
        places = [link["name"] for link in visit._shell._navigation.links]
        assert places == ["Home", "Operations"]

    async def test_opens_for_the_operator_alone(
        self, database: Database, operator: Actor, actor: Actor
    ) -> None:
        """The same address is the platform's for its operator, and the tenant's for a member."""
        opened: list[Any] = [page(visit_of(database, who)) for who in (operator, actor)]

        titles = [shown.meta.title for shown in opened]
        assert titles == ["Platform · Workbench", "Home · Workbench"]

    async def test_is_not_open_to_a_member(self, database: Database, actor: Actor) -> None:
        """A member who were shown the platform's page would find it closed."""
        visit = Overview(visit_of(database, actor))
        await visit._stage.refresh()

        assert "not open to you" in visit._stage._face.pane.object
        assert "href" not in visit._stage._face.pane.object
        assert "A tenant" not in visit._tenants.pane.object

    async def test_flights_lead_home(self, database: Database, operator: Actor) -> None:
        """The operator has no flights, and gets a way back."""
        visit = Flights(visit_of(database, operator))
        await visit._stage.refresh()

        assert "not open to you" in visit._stage._face.pane.object
        assert 'href="/dashboards/home"' in visit._stage._face.pane.object


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_names_its_visitor(database: Database, actor: Actor, path: str) -> None:
    """The bar says who is signed in, whichever dashboard is opened."""
    shown: Any = PAGES[path](visit_of(database, actor))
    switchers = [part for part in shown.header[0] if isinstance(part, TenantSwitcher)]
    await until(lambda: [switcher.who for switcher in switchers] == ["A person"])


async def test_navigation_shows_what_one_may_use(
    actor: Actor, operator: Actor, tenant: Tenant, make_actor: MakeActor
) -> None:
    """Members need the permission to open dashboards, for the audit its own; operators have one."""
    owner = await make_actor(tenant, Role.OWNER)
    blind = actor.narrowed(actor.permissions - {Permission.DASHBOARD_READ})
    people = ["Explore", "SQL", "Files", "Runs", "Flights", "Performance", "People"]

    assert [[link.name for link in links(who)] for who in (owner, actor, blind, operator)] == [
        [*people, "Audit", "Gallery"],
        [*people, "Gallery"],
        [],
        ["Operations"],
    ]
