"""A real PostgreSQL for every test process, built by the migrations and used as the app role."""

import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support import people, s3_server
from workbench.actor import Actor
from workbench.db import connect
from workbench.db.embedded import Embedded
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# The folders whose tests start browsers, kernels, servers, and workers, which do what others left.
LONG = {"journeys", "notebooks", "worker", "proof", "cli", "schedules", "audit"}
# Those whose tests go again, many times, where plain tests go; counting lines doubles their time.
AGAIN = {"isolation", "proof"}
MakeActor = Callable[[Tenant, Role | str], Awaitable[Actor]]


# How long an example takes tells how busy the machine is.
hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")

# What the tests import is no garbage: it is neither searched while it grows nor ever after.
gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, and count no lines where examples are drawn."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)
    for item in items:
        # Drawing examples takes three times as long while lines are counted, and the plain tests
        # beside these go the same ways.
        is_drawn = hypothesis.is_hypothesis_test(getattr(item, "obj", None))
        if is_drawn or item.path.parent.name in AGAIN:
            item.add_marker("no_cover")


def pytest_collection_finish() -> None:
    """Search for garbage from now on, among what the tests make."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a fresh home, untouched by the environment and by a `.env` file."""
    for name in [name for name in os.environ if name.startswith("WORKBENCH_")]:
        if not name.startswith("WORKBENCH_TEST_"):
            del os.environ[name]
    home: Path = tmp_path_factory.mktemp("home")
    # A kernel that is started ahead for a run which never comes takes a test's time twice over.
    return Settings(_env_file=None, home=home, log="console", warm_kernels=0)


@pytest.fixture(scope="session")
def server(settings: Settings) -> Iterator[Embedded]:
    """A PostgreSQL of this test process; WORKBENCH_TEST_POSTGRES chooses its major version."""
    version = int(os.environ.get("WORKBENCH_TEST_POSTGRES", "18"))
    embedded = Embedded(settings.prepared_home() / "postgres", version=version, options=FAST)
    embedded.start()
    yield embedded
    embedded.stop()


@pytest.fixture(scope="session")
def migrated(settings: Settings, server: Embedded) -> Embedded:
    """The server with the database that the migrations built."""
    connect.migrate(settings)
    return server


@pytest.fixture(scope="session")
async def database(settings: Settings, migrated: Embedded) -> AsyncIterator[Database]:
    """The database, as the application connects to it."""
    del migrated
    database = connect.database(settings)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def storage(settings: Settings) -> Storage:
    """Where this test process keeps files."""
    return Storage(settings.storage)


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """A bucket of a real S3 server of this test process."""
    with s3_server.serving() as url:
        yield url


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    """A tenant of this test alone."""
    return await people.make_tenant(database)


@pytest.fixture
async def other_tenant(database: Database) -> Tenant:
    """Another tenant, whose rows nobody in `tenant` may see."""
    return await people.make_tenant(database)


@pytest.fixture
def make_actor(database: Database) -> MakeActor:
    """Make a signed-in member of a tenant with a role."""

    async def make(tenant: Tenant, role: Role | str) -> Actor:
        return await people.make_actor(database, tenant.id, role)

    return make


@pytest.fixture
async def actor(request: pytest.FixtureRequest, make_actor: MakeActor, tenant: Tenant) -> Actor:
    """The member of `tenant` whose role the marker `acts_as` names; an analyst without one."""
    marker = request.node.get_closest_marker("acts_as")
    return await make_actor(tenant, marker.args[0] if marker else Role.ANALYST)


@pytest.fixture
async def operator(database: Database) -> Actor:
    """The platform's operator, signed in."""
    user = await people.make_user(database, is_operator=True)
    return await people.admit(database, user.id, None)
