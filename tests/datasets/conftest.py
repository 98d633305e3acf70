"""Two tenants with trips of their own."""

import pytest

from tests.datasets.importing import Imports
from tests.support import people, samples
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.db.session import Database
from workbench.storage import Storage
from workbench.tenants.models import Tenant


@pytest.fixture(scope="session")
async def shared(database: Database) -> None:
    """The shared datasets `sample_trips` and `sample_carriers`."""
    await samples.shared(database, samples.TRIPS)
    await samples.shared(database, samples.CARRIERS)


@pytest.fixture
async def empty(database: Database, shared: None, tenant: Tenant, other_tenant: Tenant) -> None:
    """Both tenants have the shared datasets, without rows."""
    del shared
    await commands.adopt_shared(database, tenant.id)
    await commands.adopt_shared(database, other_tenant.id)


@pytest.fixture(scope="session")
async def world(database: Database, storage: Storage, shared: None) -> tuple[Tenant, Tenant]:
    """A tenant with six trips and three carriers and another with two trips, for reading only."""
    del shared
    here, there = [await people.make_tenant(database) for _ in range(2)]
    for owner, dataset, content in (
        (here, "sample_trips", samples.TRIPS_CSV),
        (here, "sample_carriers", samples.CARRIERS_CSV),
        (there, "sample_trips", samples.OTHER_CSV),
    ):
        await commands.adopt_shared(database, owner.id)
        done = await samples.fill(database, storage, owner.id, dataset, content)
        assert done.status == "succeeded", done.error
    return here, there


@pytest.fixture
def imports(database: Database, storage: Storage, actor: Actor) -> Imports:
    """Imports by the engineer of `tenant`."""
    return Imports(database, storage, actor)
