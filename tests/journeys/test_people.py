"""An owner looks after people in a browser, and the audit tells of it; others only look."""

import asyncio
from uuid import UUID

from playwright.async_api import Browser, Page, expect

from tests.journeys.conftest import Visitor
from tests.journeys.test_analyst import PASSWORD, sign_in
from tests.support import people
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants.models import Tenant

INVITED = "new.colleague@workbench.example"


async def joined(database: Database, tenant_id: UUID, role: Role) -> str:
    """A member with a password: the e-mail address."""
    user = await people.make_user(database, password=PASSWORD)
    await people.join(database, tenant_id, user.id, role)
    return user.email


async def test_an_owner_looks_after_people(
    house: str, browser: Browser, database: Database, tenant: Tenant, other_tenant: Tenant
) -> None:
    """Inviting, another role, removing and undoing work in place, and the audit has all of it."""
    owner = await joined(database, tenant.id, Role.OWNER)
    member = await joined(database, tenant.id, Role.VIEWER)
    stranger = await joined(database, other_tenant.id, Role.VIEWER)
    page = await browser.new_page(viewport={"width": 1440, "height": 1200})
    visitor = Visitor(page, house)
    await page.goto(f"{house}/dashboards/people")
    await sign_in(page, owner, PASSWORD)

    await expect(page.get_by_text("1–2 of 2")).to_be_visible()
    await expect(page.get_by_text(stranger)).to_have_count(0)
    await joined(database, tenant.id, Role.GUEST)
    await expect(page.get_by_text("1–3 of 3")).to_be_visible()  # it hears of newcomers
    await invite(page)
    row = page.locator("li.person").filter(has_text=member)
    await row.get_by_label("Role of").select_option("analyst")
    await expect(page.get_by_text("A person is analyst from now on.")).to_be_visible()
    await row.get_by_role("button", name="Remove").click()
    await page.get_by_role("button", name="Remove A person").click()
    await expect(page.get_by_text("A person was removed.")).to_be_visible()
    await expect(row).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(row.get_by_label("Role of")).to_have_value("analyst")
    await tick(page)

    await page.get_by_role("link", name="Audit").click()
    await look_up(page)
    assert not visitor.trouble


async def invite(page: Page) -> None:
    """Invite somebody, who then waits; what is no address is refused in words."""
    await page.get_by_placeholder("name@example.com").fill("nobody")
    await page.get_by_role("button", name="Send invitation").click()
    await expect(page.locator(".told.wrong")).to_contain_text("mail")
    await page.get_by_placeholder("name@example.com").fill(INVITED)
    await page.get_by_role("button", name="Send invitation").click()
    await expect(page.get_by_text(f"on its way to {INVITED}")).to_be_visible()
    waiting = page.get_by_role("region", name="Invitations")
    await expect(waiting.get_by_text(INVITED)).to_be_visible()


async def tick(page: Page) -> None:
    """Make a role and let it ask in SQL, with the keyboard."""
    await page.get_by_role("tab", name="Roles").click()
    make = page.get_by_role("button", name="Make the role")
    async with asyncio.timeout(30):  # the tab may be put in place once more while its data arrive
        while await make.is_disabled():
            await page.get_by_placeholder("such as jfk-desk").fill("desk")
            await asyncio.sleep(0.2)
    await make.click()
    box = page.get_by_role("checkbox", name="desk: Ask in SQL")
    await box.focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_text("desk now allows: Ask in SQL.")).to_be_visible()
    await expect(box).to_be_checked()


async def look_up(page: Page) -> None:
    """Find the changed role among the entries, with what it was before."""
    await expect(page.get_by_role("heading", name="Verified until")).to_be_visible()
    await page.get_by_placeholder("Look for words").fill("analyst")
    entry = page.locator("li.entry").filter(has_text="changed a member")
    await expect(page.locator("li.entry")).to_have_count(2)
    await entry.get_by_role("button", name="Details").click()
    drawer = page.get_by_role("dialog")
    await expect(drawer.get_by_role("row").filter(has_text="role")).to_contain_text("analyst")
    await drawer.get_by_role("button", name="Only this action").click()
    await expect(drawer).to_be_hidden()
    await expect(page.locator("li.entry")).to_have_count(1)


async def test_others_look_at_most(
    house: str, browser: Browser, database: Database, tenant: Tenant
) -> None:
    """A viewer is told whom to ask, sees no member, and ends only sign-ins of his own."""
    email = await joined(database, tenant.id, Role.VIEWER)
    owner = await joined(database, tenant.id, Role.OWNER)
    page = await browser.new_page(viewport={"width": 400, "height": 900})
    visitor = Visitor(page, house)
    await page.goto(f"{house}/dashboards/people")
    await sign_in(page, email, PASSWORD)

    await expect(page.get_by_role("heading", name="The list of members")).to_be_visible()
    await expect(page.get_by_text("here", exact=True)).to_be_visible()
    await expect(page.get_by_text(owner)).to_have_count(0)
    await page.goto(f"{house}/dashboards/audit")
    await expect(page.get_by_role("heading", name="The audit is for the owners")).to_be_visible()
    assert not visitor.trouble
