"""What the inbox shows and changes: one's own, and nobody else's."""

from datetime import UTC, datetime

import pytest

from dashboards.hearing import Kind
from dashboards.inbox.app import InboxPage
from dashboards.inbox.store import Store
from tests.conftest import MakeActor
from tests.dashboards.test_home_store import REPORT, store_of
from tests.dashboards.test_live import Visitor, servers
from tests.dashboards.test_pages import visit_of
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.notifications.models import Channel, Event
from workbench.permissions import Permission, Role
from workbench.runs import attempts
from workbench.runs.attempts import Attempt
from workbench.runs.schemas import Status
from workbench.schedules import announcing
from workbench.tenants.models import Tenant
from workbench.worker.relay import relay
from workbench.worker.runs import keeper

HOSTILE = "<img src=x onerror=alert(1)>"


async def let_fail(database: Database, actor: Actor, reason: str = HOSTILE) -> None:
    """Start a run as somebody, let it fail, and tell whom it concerns."""
    home = store_of(database, actor)
    await home.start(REPORT, {})
    run_id = (await home.runs())[0].id
    working, now = keeper(actor.require_tenant()), datetime.now(UTC)
    async with database.session(working) as session:
        begun = await attempts.begin(session, working, run_id, now)
        attempt = Attempt(run_id, begun.attempt)
        await attempts.finish(session, working, attempt, Status.FAILED, now, reason)
    telling = announcer(actor)
    async with database.session(telling) as session:
        await announcing.announce(session, telling, run_id, now)
    while await relay(database):
        pass


def announcer(actor: Actor) -> Actor:
    """The task that tells people of runs."""
    return Actor.of_system("announcing", *announcing.NEEDED, tenant_id=actor.require_tenant())


async def test_it_shows_what_one_was_told(
    database: Database, actor: Actor, tenant: Tenant, other_tenant: Tenant, make_actor: MakeActor
) -> None:
    """Whoever wished to hear is told, at once and alone; read is read; to wish no more ends it."""
    # One of the same rights, with whom looks are shared.
    colleague = await make_actor(tenant, Role.ANALYST)
    stranger = await make_actor(other_tenant, Role.OWNER)
    mine, theirs, strange = (Store(visit_of(database, who)) for who in (actor, colleague, stranger))
    await mine.wish(Event.RUN_FAILED, Channel.MAIL)
    await mine.wish(Event.RUN_FAILED, Channel.APP)
    await strange.wish(Event.RUN_FAILED, Channel.APP)
    assert await mine.wishes() == {Event.RUN_FAILED: Channel.APP, Event.OVER_BUDGET: None}
    async with servers(database, 1) as [hearing]:
        ears = [Visitor(hearing, who) for who in (actor, colleague, stranger)]
        for ear in ears:
            await ear.hears(Kind.NOTICES)
        await let_fail(database, actor)
        await ears[0].hears(Kind.NOTICES)
        await let_fail(database, actor, "Again.")
        await ears[0].hears(Kind.NOTICES)

        inbox = await mine.inbox(1)
        assert [(t.text, t.is_new) for t in inbox.told] == [("Again.", True)]
        assert (inbox.unread, inbox.has_more) == (2, True)
        await mine.mark_read(inbox.told[0].id)
        assert await visit_of(database, actor).unread() == 1
        assert await mine.mark_all_read() == 1
        inbox = await mine.inbox(10)
        assert [(t.text, t.is_new) for t in inbox.told] == [("Again.", False), (HOSTILE, False)]
        while await relay(database):
            pass
        await ears[0].hears(Kind.NOTICES)
        for store in (theirs, strange):
            assert (await store.inbox(10)).told == []
        assert [h for h in ears[1].told + ears[2].told if h.kind is Kind.NOTICES] == []
    await mine.wish(Event.RUN_FAILED, None)
    await let_fail(database, actor)
    assert len((await mine.inbox(10)).told) == 2


async def test_who_sees_no_runs_is_told_why_it_is_empty(
    database: Database, actor: Actor, operator: Actor
) -> None:
    """Without the right there is a face, no number and no choice; trying is refused."""
    blind = Actor(actor.subject, actor.tenant_id, frozenset({Permission.DASHBOARD_READ}))
    for who in (blind, operator):
        page = InboxPage(visit_of(database, who))
        await page._refresh()
        assert "nothing here for you" in page._none.pane.object
        assert not page._notices.visible
        assert await visit_of(database, who).unread() == 0
    with pytest.raises(Forbidden):
        await Store(visit_of(database, blind)).inbox(1)
