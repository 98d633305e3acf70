"""An operator looks after the platform, and an engineer looks where the time goes."""

import re

from playwright.async_api import Browser, Page, expect

from tests.dashboards.test_performance_store import profiled
from tests.journeys.conftest import Visitor
from tests.journeys.test_analyst import MODELS, PASSWORD, sign_in
from tests.operations.conftest import failed_job
from tests.runs.test_budgets import measure
from tests.support import people
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

__all__ = ["failed_job"]
REASON = "unpaid <img src=x onerror=alert(1)>"


async def test_an_operator_looks_after_the_platform(
    house: str, browser: Browser, database: Database, tenant: Tenant, failed_job: int
) -> None:
    """Makes a tenant, suspends it with a reason, lets it in again, and has a job tried again."""
    del tenant, failed_job
    user = await people.make_user(database, password=PASSWORD, is_operator=True)
    page = await browser.new_page(viewport={"width": 1360, "height": 1000})
    visitor = Visitor(page, house)
    slug = f"t-{new_id().hex[:30]}"

    await page.goto(f"{house}/dashboards/operations")
    await sign_in(page, user.email, PASSWORD)
    await expect(page.get_by_text(re.compile("alive with 4 hands"))).to_be_visible()
    await make_suspend_and_let_in(page, slug)

    models = await page.evaluate(MODELS)
    failed = page.get_by_role("table", name="Jobs that were given up")
    await failed.get_by_role("button", name="Try again").first.click()
    await expect(page.get_by_text("It waits in its queue again.")).to_be_visible()
    assert await page.evaluate(MODELS) == models
    assert not visitor.trouble


async def make_suspend_and_let_in(page: Page, slug: str) -> None:
    """Through the form and the buttons of a row; what was typed outlasts a refresh."""
    await page.get_by_role("button", name="New tenant").click()
    await page.get_by_label("Name", exact=True).fill("A journey's tenant")
    await page.get_by_label("Short name for addresses").fill(slug)
    await page.get_by_role("button", name="Make it").click()
    row = page.get_by_role("row").filter(has_text=slug)
    await expect(row).to_be_visible()

    await row.get_by_role("button", name="Suspend…").click()
    form = page.get_by_role("form", name="Suspend…")
    seen = page.get_by_text(re.compile(r"^seen \d+ s ago, up for"))
    before = await seen.first.text_content()
    await form.get_by_label("Why? Its owners read it.").fill(REASON)
    await expect(seen.first).not_to_have_text(before or "")
    await expect(form.get_by_label("Why? Its owners read it.")).to_have_value(REASON)
    await form.get_by_role("button", name="Suspend").click()
    await expect(row.get_by_text("Suspended")).to_be_visible()
    await expect(row.get_by_text(REASON)).to_be_visible()

    await row.get_by_role("button", name="Let in again").click()
    await page.get_by_role("form", name="Let in again").get_by_role("button").first.click()
    await expect(row.get_by_role("button", name="Suspend…")).to_be_visible()


async def test_an_engineer_looks_where_the_time_goes(
    house: str, browser: Browser, database: Database, storage: Storage, tenant: Tenant
) -> None:
    """Sees which budget is missed, draws another figure, and reads the plan of a statement."""
    user = await people.make_user(database, password=PASSWORD)
    await people.join(database, tenant.id, user.id, Role.ENGINEER)
    actor = await people.admit(database, user.id, tenant.id)
    await profiled(database, storage, actor)
    for value in (1.0, 2.5):
        await measure(database, storage, actor, ("page", value, 2.0), ("load", 0.1, 2.0))
    page = await browser.new_page(viewport={"width": 400, "height": 900})
    visitor = Visitor(page, house)

    await page.goto(f"{house}/dashboards/performance")
    await sign_in(page, user.email, PASSWORD)
    budgets = page.get_by_role("table", name="Budgets")
    await expect(budgets.get_by_text("Missed")).to_be_visible()
    models = await page.evaluate(MODELS)
    await budgets.get_by_role("button", name="Over time").last.click()
    await expect(page.get_by_text("load, at most 2 s; 2 runs")).to_be_visible()
    assert await page.evaluate(MODELS) == models
    await page.get_by_role("button", name="Plan").click()
    await expect(page.get_by_role("region", name="The statement")).to_contain_text("onerror")
    await expect(page.get_by_role("cell", name="Seq Scan")).to_be_visible()
    assert not visitor.trouble

    await page.goto(f"{house}/dashboards/operations")
    await expect(page.get_by_role("heading", name="Operations is not open to you")).to_be_visible()
    await expect(page.get_by_role("link", name="Operations")).to_have_count(0)
    assert not visitor.trouble
