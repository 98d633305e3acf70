"""An analyst asks in SQL: an example, a typo, a saved query, a file, and a statement too long."""

import re
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.journeys.conftest import Visitor
from tests.journeys.test_analyst import MODELS, PASSWORD, make_analyst, sign_in
from tests.support import flights, people
from workbench.datasets import commands
from workbench.datasets.schemas import NewSavedQuery
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants.models import Tenant

NAME = "All flights <img src=x onerror=alert(1)>"
ENDLESS = "with recursive r as (select 1 as n union all select n + 1 from r) select count(*) from r"
CANCELLED_WITHIN = 2000  # ms


async def write(page: Page, text: str) -> None:
    """Write another statement into the editor."""
    await page.get_by_label("SQL statement").focus()
    await page.keyboard.press("Control+a")
    await page.keyboard.insert_text(text)


async def test_an_analyst_asks_in_sql(
    house: str, browser: Browser, database: Database, tenant: Tenant, other_tenant: Tenant
) -> None:
    """From the first example to a file, nothing goes wrong on the way, and no host is asked."""
    await flights.load(database, tenant.id, "OO")
    await flights.load(database, other_tenant.id, "B6", 7)
    stranger = await people.make_actor(database, other_tenant.id, Role.ANALYST)
    async with database.session(stranger) as session:
        new = NewSavedQuery(name="Foreign", sql="select 1", is_shared=True)
        await commands.save_query(session, stranger, new)
    email = await make_analyst(database, tenant.id)
    page = await browser.new_page(viewport={"width": 1360, "height": 1200})
    visitor = Visitor(page, house)

    await page.goto(f"{house}/dashboards/sql")
    await sign_in(page, email, PASSWORD)
    await mistype_and_mend(page)
    await save_and_find_again(page)
    await download(page)
    await cancel(page)
    assert not visitor.trouble


async def mistype_and_mend(page: Page) -> None:
    """Run the example, then a statement with a typo, then without it."""
    await expect(page.get_by_text("date_trunc")).to_be_visible()
    await page.get_by_label("SQL statement").press("Control+Enter")
    await expect(page.get_by_text(re.compile(r"^5 rows, "))).to_be_visible()
    await expect(page.get_by_text("count by month")).to_be_visible()

    await write(page, "select count(dst) as flights\nfrom flights")
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("Did you mean dest?")
    await expect(page.get_by_role("alert")).to_contain_text("^^^")
    await expect(page.locator(".wrong").first).to_be_visible()

    await page.get_by_role("button", name="Write dest").click()
    await expect(page.locator(".ace_text-layer")).to_contain_text("count(dest)")
    await page.get_by_label("SQL statement").press("Control+Enter")
    await expect(page.get_by_role("cell", name="32", exact=True)).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)

    models = await page.evaluate(MODELS)
    await write(page, "select count(*) + 1 as flights from flights")
    await page.get_by_label("SQL statement").press("Control+Enter")
    await expect(page.get_by_role("cell", name="33", exact=True)).to_be_visible()
    await page.wait_for_function(f"{MODELS} === {models}")


async def save_and_find_again(page: Page) -> None:
    """Save the statement, open the page again, and find it in the list, alone."""
    await write(page, "select count(*) as flights\nfrom flights")
    await page.get_by_role("button", name="Save", exact=True).click()
    await page.get_by_role("textbox", name="Name").fill(NAME)
    await page.get_by_role("button", name="Save", exact=True).last.click()
    await expect(page.get_by_text("Saved as")).to_be_visible()

    await page.reload()
    await page.get_by_role("tab", name="Saved").click()
    await expect(page.get_by_text("Foreign")).to_have_count(0)
    await page.get_by_role("button", name=NAME).click()
    await expect(page.get_by_role("heading", name=NAME)).to_be_visible()
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_role("cell", name="32", exact=True)).to_be_visible()


async def download(page: Page) -> None:
    """Take the answer along as a file, with what stood in the field of its parameter."""
    await write(page, "select count(*) as flights\nfrom flights where carrier = :airline")
    await page.get_by_role("textbox", name="airline").fill("OO")
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_role("cell", name="32", exact=True)).to_be_visible()
    async with page.expect_download() as begun:
        await page.get_by_role("button", name="CSV").click()
    file = await begun.value
    assert file.suggested_filename.endswith(".csv")
    assert words(await file.path()) == ["flights", "32"]


def words(path: Path) -> list[str]:
    """The words of a CSV file."""
    return path.read_text("utf-8-sig").split()


async def cancel(page: Page) -> None:
    """A statement that would never end is over within two seconds, and the history has it."""
    await write(page, ENDLESS)
    await page.get_by_role("button", name="Run", exact=True).click()
    await page.get_by_role("button", name="Cancel").click()
    over = page.get_by_text("The statement was cancelled.")
    await expect(over).to_be_visible(timeout=CANCELLED_WITHIN)
    await page.get_by_role("tab", name="History").click()
    await expect(page.get_by_text(re.compile("^just now, cancelled")).first).to_be_visible()

    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_text("Running…")).to_be_visible()
    await page.reload()
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_text("Running…")).to_be_hidden()


async def test_a_viewer_is_told_kindly(
    house: str, browser: Browser, database: Database, tenant: Tenant
) -> None:
    """Who may not ask in SQL is told who can help, on a narrow screen too."""
    await flights.load(database, tenant.id, "OO")
    user = await people.make_user(database, password=PASSWORD)
    await people.join(database, tenant.id, user.id, Role.VIEWER)
    page = await browser.new_page(viewport={"width": 400, "height": 800})
    visitor = Visitor(page, house)

    await page.goto(f"{house}/dashboards/sql")
    await sign_in(page, user.email, PASSWORD)

    await expect(page.get_by_role("heading", name="SQL is not open to you")).to_be_visible()
    await expect(page.get_by_label("SQL statement")).to_have_count(0)
    assert not visitor.trouble
