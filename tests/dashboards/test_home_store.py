"""What the first dashboard asks and orders."""

from pathlib import Path

import pytest

from dashboards.home.store import Store
from dashboards.visits import House, Screen, Visit
from tests.conftest import MakeActor
from tests.support import flights
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid
from workbench.permissions import Role
from workbench.settings import ROOT
from workbench.tenants.models import Tenant

EVERY = 1_000_000  # tenants, many of which other tests made

REPORT = "tenant_report"


def store_of(database: Database, actor: Actor, notebooks: Path = ROOT / "notebooks") -> Store:
    """The store of an actor's visit."""
    return Store(Visit(actor, House(database, notebooks), Screen()))


async def test_welcomes_by_name(database: Database, actor: Actor, tenant: Tenant) -> None:
    """The visitor is told who, where, and as what."""
    welcome = await store_of(database, actor).welcome()

    assert (welcome.person, welcome.tenant, welcome.role) == ("A person", tenant.name, "analyst")


async def test_counts_the_tenants_own_rows(
    database: Database, actor: Actor, tenant: Tenant, other_tenant: Tenant
) -> None:
    """Each dataset shows the rows of its own tenant."""
    mine = await flights.load(database, tenant.id, "OO")
    await flights.load(database, other_tenant.id, "B6", 50)

    found = {known.name: known.rows for known in await store_of(database, actor).datasets()}

    assert found["flights"] == mine


async def test_starts_a_notebook(
    database: Database, actor: Actor, other_tenant: Tenant, make_actor: MakeActor
) -> None:
    """A started run is queued, is one’s own, and stays in the tenant."""
    store = store_of(database, actor)
    assert await store.runs() == []

    await store.start(REPORT, {})

    [ran] = await store.runs()
    assert (ran.status, ran.who, ran.is_live) == ("queued", "you", True)
    stranger = store_of(database, await make_actor(other_tenant, Role.OWNER))
    assert await stranger.runs() == []


async def test_a_colleague_sees_whose_run_it_is(
    database: Database, actor: Actor, tenant: Tenant, make_actor: MakeActor
) -> None:
    """A run that somebody else has started is a colleague's."""
    await store_of(database, actor).start(REPORT, {})

    [ran] = await store_of(database, await make_actor(tenant, Role.VIEWER)).runs()

    assert ran.who == "a colleague"


async def test_the_operator_sees_the_tenants(
    database: Database, operator: Actor, tenant: Tenant, other_tenant: Tenant
) -> None:
    """All tenants are there, by slug, and a short list says that there are more."""
    platform = await store_of(database, operator).platform(most=EVERY)
    slugs = [hosted.slug for hosted in platform.tenants]

    assert {tenant.slug, other_tenant.slug} <= set(slugs)
    assert slugs == sorted(slugs)
    assert not platform.has_more
    first = await store_of(database, operator).platform(most=1)
    assert ([hosted.slug for hosted in first.tenants], first.has_more) == (slugs[:1], True)


@pytest.mark.acts_as("owner")
async def test_an_owner_is_no_operator(database: Database, actor: Actor) -> None:
    """Not even a tenant's owner gets the platform's list."""
    with pytest.raises(Forbidden):
        await store_of(database, actor).platform()


@pytest.mark.acts_as("viewer")
async def test_a_viewer_starts_nothing(database: Database, actor: Actor) -> None:
    """Who may not start a run is not offered to, and is refused when trying."""
    store = store_of(database, actor)

    assert not store.may_start
    with pytest.raises(Forbidden):
        await store.start(REPORT, {})
    assert await store.runs() == []


async def test_wrong_parameters_are_told(database: Database, actor: Actor) -> None:
    """A parameter that the notebook does not know is refused with its name."""
    with pytest.raises(Invalid) as error:
        await store_of(database, actor).start(REPORT, {"unknown": 1})

    assert [detail.place for detail in error.value.details] == ["unknown"]


async def test_notebooks_that_one_may_start(
    database: Database, actor: Actor, make_actor: MakeActor, tenant: Tenant, tmp_path: Path
) -> None:
    """An empty shelf offers nothing; ours offers the report, and the proof to who may run it."""
    engineer = await make_actor(tenant, Role.ENGINEER)
    shown = [
        {notebook.name for notebook in store_of(database, who).notebooks()}
        for who in (actor, engineer)
    ]

    assert store_of(database, actor, tmp_path).notebooks() == []
    assert [REPORT in names for names in shown] == [True, True]
    assert ["isolation_proof" in names for names in shown] == [False, True]
