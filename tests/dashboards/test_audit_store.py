"""What the dashboard of the audit shows, and to whom."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dashboards.audit import app, words
from dashboards.audit.state import Choice
from dashboards.audit.store import ABOUT, Checked, Store
from dashboards.audit.views import filters
from dashboards.components.parts import Wish
from tests.conftest import MakeActor
from tests.dashboards.test_people_store import visit_of
from tests.support import people
from workbench.actor import Actor
from workbench.audit import commands
from workbench.audit.verifying import Verdict
from workbench.db.session import Database
from workbench.errors import Forbidden, NotFound
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.acts_as("owner")
async def test_entries_are_found(
    database: Database, actor: Actor, tenant: Tenant, other_tenant: Tenant
) -> None:
    """By person, action, thing, words and time; another tenant's never; reading is noted."""
    user = await people.make_user(database)
    member = await people.join(database, tenant.id, user.id, Role.VIEWER)
    await people.change_role(database, tenant.id, member, Role.ANALYST)
    stranger = await people.make_user(database)
    await people.join(database, other_tenant.id, stranger.id, Role.VIEWER)
    store, now = Store(visit_of(database, actor)), datetime.now(UTC)

    async def found(**chosen: Any) -> list[tuple[str, str]]:
        page = await store.page(Choice(**chosen), None, now + timedelta(minutes=1))
        return [(entry.action, entry.target_name) for entry in page.items]

    added, changed = ("member.add", "A person"), ("member.change", "A person")
    assert changed in await found()
    assert await found(target=str(user.id)) == [changed, added]
    assert await found(about="people", sought="ANALYST", period="day") == [changed]
    assert await found(action="member.change", subject="system:test") == [changed]
    assert await found(sought=str(stranger.id)) == []
    assert await found(target=str(user.id), last=date(2020, 1, 1)) == []
    assert ("audit.read", "") in await found(subject=str(actor.user_id))
    email = next(p.email for p in await store.people() if p.subject == str(actor.user_id))
    assert await store.subject(email.upper()) == str(actor.user_id)
    with pytest.raises(NotFound):
        await store.subject(stranger.email)


@pytest.mark.acts_as("owner")
async def test_the_chain_is_checked(database: Database, actor: Actor, tenant: Tenant) -> None:
    """Once sealed, the check tells until when nothing was changed."""
    store = Store(visit_of(database, actor))
    assert app.verdict(await store.check())[0] == "asked"
    sealer = commands.sealer(tenant.id)
    async with database.session(sealer) as session:
        await commands.seal(session, sealer)

    for is_whole, which in ((False, "The last "), (True, "All ")):
        kind, title, text = app.verdict(await store.check(is_whole=is_whole))
        assert (kind, title[:14]) == ("sound", "Verified until")
        assert text.startswith(which)
    wrong = Verdict(3, b"", 3, 0, "position 4: the entry is missing")
    broken = Checked(wrong, NOW, is_whole=True)
    assert app.verdict(broken)[0] == "broken"


async def test_only_who_may(database: Database, tenant: Tenant, make_actor: MakeActor) -> None:
    """An engineer reads no entry; who may read the audit alone sees no names of members."""
    engineer = Store(visit_of(database, await make_actor(tenant, Role.ENGINEER)))
    assert not engineer.may_read
    for deed in (engineer.page(Choice(), None, NOW), engineer.check()):
        with pytest.raises(Forbidden):
            await deed

    owner = await make_actor(tenant, Role.OWNER)
    auditor = Store(visit_of(database, owner.narrowed({Permission.AUDIT_READ})))
    page = await auditor.page(Choice(action="member.add"), None, NOW)
    assert {entry.who for entry in page.items} == {""}
    assert await auditor.people() == []


def test_wishes_become_choices() -> None:
    """What a browser sends is taken where it is a choice, and left where it is none."""
    choice = Choice(period="week", target="x")

    assert app.chosen(choice, Wish("period", value="year")) == Choice(target="x")
    assert app.chosen(choice, Wish("about", value="rows")).about == "rows"
    assert app.chosen(choice, Wish("about", value="'; drop")).about == ""
    days = app.chosen(choice, Wish("days", form={"first": "2026-11-01", "last": 7}))
    assert (days.period, days.since(NOW), days.until()) == (
        "",
        datetime(2026, 11, 1, tzinfo=UTC),
        None,
    )
    assert app.chosen(choice, Wish("target")).target == ""
    assert filters.span(days, NOW) == "&since=2026-11-01T00%3A00%3A00%2B00%3A00"
    assert {kind for kind, _ in filters.ABOUT} == {"", *ABOUT}


def test_entries_read_as_sentences() -> None:
    """Actions become words, and what is kept of before and after is told apart from the rest."""
    assert words.did("member.change") == "changed a member"
    assert words.did("run.start.refused") == "was refused: started a run"
    assert words.did("login.begin") == "signed in"
    assert words.who("system:shell", "") == "Workbench (shell)"
    details = {"was": "viewer", "role": "analyst", "scope": ["a", "b"], "empty": None}
    assert words.changes(details) == [["role", "viewer", "analyst"]]
    assert words.rest(details) == [["scope", "a, b"]]
    assert words.changes({"limit": {"before": 1, "after": 2}}) == [["limit", "1", "2"]]
    assert len(words.written("x" * 9000)) == words.MOST + 1
