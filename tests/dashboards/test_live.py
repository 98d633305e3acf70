"""What reaches open dashboards: what their visitors may see, and nothing of another tenant."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

from bokeh.document import Document

from dashboards.hearing import EVERYTHING, Happened, Hearing, Kind
from dashboards.live import MOST_NAMES, Follower
from tests.conftest import MakeActor
from tests.dashboards.test_home_store import REPORT, store_of
from tests.dashboards.test_pages import until
from tests.support import flights, people
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.datasets.schemas import NewColumn, NewDataset
from workbench.db.embedded import Embedded
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.events.ears import Ears
from workbench.identity.tokens import Claims
from workbench.permissions import Role
from workbench.tenants.models import Tenant

NAME = f"stock_{new_id().hex}"
STOCK = NewDataset(name=NAME, title="Stock", columns=[NewColumn(name="code", type="text")])
CUT = "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'"


class Visitor:
    """What one visitor was told since it was last asked."""

    def __init__(self, hearing: Hearing, actor: Actor) -> None:
        """Listen as the actor."""
        assert actor.sid is not None
        assert actor.user_id is not None
        self.told: list[Happened] = []
        claims = Claims(actor.sid, actor.user_id, actor.tenant_id)
        self.leave = hearing.join(claims, self.told.extend)

    async def hears(self, kind: Kind, name: str = "") -> None:
        """Wait until something of a kind has happened, and forget it."""
        await until(lambda: any(h.kind is kind and {name} - {""} <= h.names for h in self.told))
        self.told.clear()


@asynccontextmanager
async def servers(database: Database, most: int = 2) -> AsyncIterator[list[Hearing]]:
    """What several processes of dashboards hear."""
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(most):
            ears = Ears(database)
            stack.push_async_callback(ears.close)
            found.append(await stack.enter_async_context(aclosing(Hearing(database, ears))))
        yield found


async def test_the_members_of_a_tenant_hear_on_every_server(
    database: Database,
    actor: Actor,
    tenant: Tenant,
    other_tenant: Tenant,
    make_actor: MakeActor,
    server: Embedded,
) -> None:
    """Rows, runs and removals of a tenant reach its members, also after a restart; B hears none."""
    owner, viewer = await make_actor(tenant, Role.OWNER), await make_actor(tenant, Role.VIEWER)
    stranger = await make_actor(other_tenant, Role.OWNER)
    await flights.load(database, other_tenant.id, "UA", 1)
    async with servers(database) as (first, second):
        mine, theirs = Visitor(first, viewer), Visitor(second, stranger)
        again = Visitor(first, viewer)
        for visitor in (mine, theirs):
            await visitor.hears(Kind.MEMBERS)  # as of all else, when one begins to listen
        assert first.feeds == second.feeds == 1
        theirs.told.clear()

        await flights.load(database, tenant.id, "UA", 3)
        await mine.hears(Kind.DATASETS, "flights")
        await store_of(database, actor).start(REPORT, {})
        await mine.hears(Kind.RUNS)
        with server.superuser() as connection:
            connection.execute(CUT)
        async with database.session(owner) as session:
            await commands.define_private(session, owner, STOCK)
        await mine.hears(Kind.DATASETS, NAME)
        async with database.session(owner) as session:
            await commands.delete_dataset(session, owner, NAME)
        await mine.hears(Kind.DATASETS, NAME)
        strange = [h for h in theirs.told if NAME in h.names or (h.kind is Kind.RUNS and h.names)]
        assert strange == []

        async with database.session(stranger) as session:
            await commands.define_private(session, stranger, STOCK)
        await theirs.hears(Kind.DATASETS, NAME)
        for visitor in (mine, again, theirs):
            visitor.leave()
        assert first.feeds == second.feeds == 0


async def test_it_ends_with_the_access(
    database: Database, tenant: Tenant, make_actor: MakeActor
) -> None:
    """A member who leaves is told nothing more, and nothing is asked for him; another is."""
    user = await people.make_user(database)
    membership = await people.join(database, tenant.id, user.id, Role.ANALYST)
    leaver = await people.admit(database, user.id, tenant.id)
    async with servers(database, 1) as [hearing]:
        left, stays = Visitor(hearing, leaver), Visitor(hearing, await make_actor(tenant, "viewer"))
        await left.hears(Kind.RUNS)
        await people.leave(database, tenant.id, membership)
        await until(lambda: hearing.feeds == 1)
        left.told.clear()
        await flights.load(database, tenant.id, "UA", 1)
        await stays.hears(Kind.DATASETS, "flights")
        assert left.told == []


async def test_a_page_is_drawn_once_for_all_that_happened() -> None:
    """A page that has not loaded draws nothing; later it draws once, and keeps few names."""
    drawn: list[Collection[str]] = []

    async def draw(names: frozenset[str]) -> None:
        drawn.append(names)

    document = Document()
    follower = Follower(document, {Kind.RUNS: draw, Kind.IMPORTS: draw})
    follower.tell(EVERYTHING)
    follower.begin()
    for number in range(MOST_NAMES + 1):
        follower.tell([Happened(Kind.RUNS, frozenset({str(number)}))])
    follower.tell([Happened(Kind.IMPORTS, frozenset({"a"})), Happened(Kind.MEMBERS)])
    follower.tell([Happened(Kind.IMPORTS, frozenset({"b"}))])
    await until(lambda: len(document.session_callbacks) > 0)
    assert len(document.session_callbacks) == 1
    await follower._draw()
    assert drawn == [frozenset(), frozenset({"a", "b"})]
    follower.end()
    follower.tell(EVERYTHING)
    await asyncio.sleep(0)
    assert len(document.session_callbacks) == 1
