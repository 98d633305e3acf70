"""People run notebooks in a browser: by a form, live, with a report, figures and a comparison."""

from uuid import UUID

from playwright.async_api import Browser, Page, expect

from tests.journeys.conftest import Visitor
from tests.journeys.test_analyst import MINUTES, PASSWORD, sign_in
from tests.support import flights, people
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants.models import Tenant

SCREEN = {"width": 1360, "height": 1400}


async def enter(
    browser: Browser, house: str, database: Database, tenant_id: UUID, role: Role, search: str = ""
) -> Visitor:
    """Open the dashboard as a new member."""
    user = await people.make_user(database, password=PASSWORD)
    await people.join(database, tenant_id, user.id, role)
    context = await browser.new_context(viewport=SCREEN)  # type: ignore[arg-type]
    visitor = Visitor(await context.new_page(), house)
    await visitor.page.goto(f"{house}/dashboards/runs{search}")
    await sign_in(visitor.page, user.email, PASSWORD)
    return visitor


async def test_an_engineer_runs_reads_compares_and_plans(
    house: str, browser: Browser, database: Database, tenant: Tenant, other_tenant: Tenant
) -> None:
    """A form leads to a run that is watched and read; a second one is compared; a third planned."""
    await flights.load(database, tenant.id, "UA", 60)
    visitor = await enter(browser, house, database, tenant.id, Role.ENGINEER)
    page = visitor.page

    await order(page)
    first = page.url
    await expect(page.get_by_text("within budget").first).to_be_visible()
    frame = page.frame_locator("iframe")
    await expect(frame.get_by_role("heading").first).to_be_visible()
    await repeat_with_changes(page)
    await compare(page)
    await delete_and_undo(page)
    await plan(page)
    assert not visitor.trouble

    search = first.partition("/dashboards/runs")[2]
    viewer = await enter(browser, house, database, tenant.id, Role.VIEWER, search)
    await expect(viewer.page.get_by_text("you can read everything")).to_be_visible()
    await viewer.page.get_by_role("link", name="Notebooks").click()
    await expect(viewer.page.get_by_text("may not start notebooks").first).to_be_visible()
    await viewer.page.get_by_role("link", name="Schedules & alerts").click()
    await expect(viewer.page.get_by_text("Schedules are made by engineers")).to_be_visible()
    stranger = await enter(browser, house, database, other_tenant.id, Role.OWNER, search)
    await expect(stranger.page.get_by_text("There is no such run")).to_be_visible()
    assert not viewer.trouble + stranger.trouble


async def order(page: Page) -> None:
    """Fill in the form, mend what the room refuses, and wait for the run that it starts."""
    await page.get_by_role("link", name="Start Tenant report").click()
    start = page.get_by_role("button", name="Start the run")
    await page.get_by_label("Destinations").fill("99")
    await expect(page.get_by_text("less than or equal to 30")).to_be_visible()
    await expect(start).to_be_disabled()
    await page.get_by_label("Destinations").fill("4")
    await expect(start).to_be_enabled()
    await start.click()
    await page.wait_for_url("**/dashboards/runs?run=*")
    await expect(page.get_by_text("cells done")).to_be_visible(timeout=MINUTES)
    await expect(page.locator(".badge.succeeded")).to_be_visible(timeout=MINUTES)


async def repeat_with_changes(page: Page) -> None:
    """Order the same with one parameter changed, in the form that holds the others."""
    was = page.url
    await page.get_by_role("link", name="Run with changes").click()
    await expect(page.get_by_label("Destinations")).to_have_value("4")
    await page.get_by_label("Destinations").fill("6")
    await page.get_by_role("button", name="Start the run").click()
    await page.wait_for_url(lambda url: "?run=" in url and url != was)
    await expect(page.locator(".badge.succeeded")).to_be_visible(timeout=MINUTES)


async def compare(page: Page) -> None:
    """Compare the run with the one before, and come back by the browser's button."""
    await page.get_by_role("link", name="Compare with the run before").click()
    row = page.get_by_role("row").filter(has_text="Destinations")
    await expect(row.get_by_role("cell", name="4", exact=True)).to_be_visible()
    await expect(row.get_by_role("cell", name="6", exact=True)).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("button", name="Delete")).to_be_visible()


async def delete_and_undo(page: Page) -> None:
    """Delete the run, see that it is gone from the history, and take that back."""
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("1 run", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("button", name="Run again")).to_be_visible()
    await page.get_by_role("link", name="History").click()
    await expect(page.get_by_text("2 runs", exact=True)).to_be_visible()


async def plan(page: Page) -> None:
    """Make a schedule whose next times are told before it is saved, and pause it."""
    await page.get_by_role("link", name="Schedules & alerts").click()
    await page.get_by_role("link", name="Make a schedule").click()
    await page.get_by_label("Name", exact=True).fill("Every morning")
    await page.locator("#sketch-notebook").select_option("Tenant report")
    await page.get_by_label("How often").select_option("Monday to Friday")
    await page.get_by_label("At", exact=True).fill("07:30")
    await expect(page.get_by_text("07:30").first).to_be_visible()
    await expect(page.get_by_label("Destinations")).to_be_visible()
    await page.get_by_role("button", name="Save the schedule").click()
    await expect(page.get_by_text("Monday to Friday at 07:30")).to_be_visible()
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("Somebody paused it.")).to_be_visible()
