"""A grant on one dashboard opens just that page, and a part of a dataset draws just that part."""

from pathlib import Path

import pytest

from dashboards.flights.state import Choice
from dashboards.flights.store import NoFlights, Store
from dashboards.visits import House, Screen, Visit
from tests.conftest import MakeActor
from tests.dashboards.conftest import HOME, Site
from tests.support import flights, granting, people
from workbench.access import grants
from workbench.access.models import Grant
from workbench.actor import Actor
from workbench.datasets.schemas import Sort
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.permissions import Role
from workbench.tenants.models import Tenant

FLIGHTS = "/dashboards/flights"
YEAR = Choice()
EARLIEST = Sort(column="time_hour")
JFK = {"column": "origin", "op": "eq", "value": "JFK"}


@pytest.fixture
async def owner(make_actor: MakeActor, tenant: Tenant) -> Actor:
    """The tenant's owner."""
    return await make_actor(tenant, Role.OWNER)


async def test_a_grant_opens_one_page(
    site: Site, database: Database, tenant: Tenant, owner: Actor
) -> None:
    """A grant on another name opens nothing here, the right one does, until it is revoked."""
    user, membership = await granting.guest(database, tenant.id)
    actor = await people.admit(database, user, tenant.id)
    assert (await site.get(HOME, actor)).status_code == 200
    assert (await site.get(FLIGHTS, actor)).status_code == 403
    await granting.grant(database, owner, membership, "dashboard", "trains")
    assert (await site.get(FLIGHTS, actor)).status_code == 403
    made = await granting.grant(database, owner, membership, "dashboard", "flights")
    assert (await site.get(FLIGHTS, actor)).status_code == 200
    async with database.session(owner) as session:
        found = await session.get(Grant, (tenant.id, made))
        assert found is not None
        await grants.revoke(session, owner, found)
    assert (await site.get(FLIGHTS, actor)).status_code == 403
    assert (await site.get(FLIGHTS, owner)).status_code == 200


async def test_a_store_reads_the_part_that_is_granted(
    database: Database, tenant: Tenant, owner: Actor
) -> None:
    """The figures, the choices and the rows are those of the part; the owner's are the whole."""
    await flights.load(database, tenant.id, "B6", 300)
    rows = flights.sample("B6", 300)
    user, membership = await granting.guest(database, tenant.id)

    def store(actor: Actor) -> Store:
        return Store(Visit(actor, House(database, Path("notebooks")), Screen()))

    with pytest.raises((Forbidden, NoFlights)):
        await store(await people.admit(database, user, tenant.id)).options()
    await granting.grant(database, owner, membership, "dataset", "flights", filter=JFK)
    part = store(await people.admit(database, user, tenant.id))
    assert set((await part.options()).origins) == {"JFK"}
    seen = (await part.figures(YEAR)).totals.flights
    assert seen == sum(row["origin"] == "JFK" for row in rows)
    page = await part.flights(YEAR, EARLIEST, None)
    assert {row["origin"] for row in page.items} == {"JFK"}
    assert (await store(owner).figures(YEAR)).totals.flights == len(rows)
