"""The bell rings on every open page, the inbox tells why, and one goes to another company."""

from playwright.async_api import Browser, expect

from dashboards.inbox.store import Store
from tests.dashboards.test_inbox_store import HOSTILE, let_fail
from tests.dashboards.test_pages import visit_of
from tests.journeys.conftest import Visitor
from tests.journeys.test_analyst import PASSWORD
from tests.support import people
from workbench.db.session import Database
from workbench.notifications.models import Channel, Event
from workbench.permissions import Role
from workbench.tenants.models import Tenant


async def test_a_failure_rings_and_is_read(
    quiet: str, browser: Browser, database: Database, tenant: Tenant, other_tenant: Tenant
) -> None:
    """A run that fails rings at once, is told as text and read everywhere; elsewhere is silence."""
    user = await people.make_user(database, password=PASSWORD)
    for each in (tenant, other_tenant):
        await people.join(database, each.id, user.id, Role.ANALYST)
    actor = await people.admit(database, user.id, tenant.id)
    await Store(visit_of(database, actor)).wish(Event.RUN_FAILED, Channel.APP)
    context = await browser.new_context(viewport={"width": 1360, "height": 900})
    inbox, home = await context.new_page(), await context.new_page()
    visitors = [Visitor(page, quiet) for page in (inbox, home)]
    await inbox.goto(f"{quiet}/login?tenant={tenant.slug}&next=/dashboards/inbox")
    await inbox.get_by_label("E-mail").fill(user.email)
    await inbox.get_by_label("Password").fill(PASSWORD)
    await inbox.get_by_role("button", name="Sign in").click()
    await expect(inbox.get_by_role("heading", name="Nothing to tell yet")).to_be_visible()
    await home.goto(f"{quiet}/dashboards/home")
    await expect(home.get_by_role("link", name="Inbox", exact=True)).to_be_visible()

    await let_fail(database, actor)

    await expect(home.get_by_role("link", name="Inbox, 1 new")).to_be_visible()
    await expect(inbox.get_by_text(HOSTILE)).to_be_visible()
    await inbox.get_by_role("button", name="Mark all as read").click()
    await expect(inbox.get_by_role("heading", name="Nothing new")).to_be_visible()
    await expect(inbox.get_by_role("link", name="Inbox", exact=True)).to_be_visible()

    await home.get_by_role("button", name="signed in as A person").click()
    other = home.locator("button.place:not([aria-current]):not([data-shortcuts], .leave)")
    async with home.expect_navigation():
        await other.click()
    # The page that was open elsewhere begins anew by itself, in the other company.
    await expect(inbox.get_by_role("heading", name="Nothing to tell yet")).to_be_visible()
    await expect(home.get_by_text("Signed in as A person, analyst")).to_be_visible()
    assert [visitor.trouble for visitor in visitors] == [[], []]
