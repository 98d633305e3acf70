"""People's days in a browser: an analyst's with flights and a notebook, and the operator's."""

import re
from datetime import UTC, datetime
from uuid import UUID

from playwright.async_api import Browser, Page, expect

from tests.journeys.conftest import Visitor
from tests.support import flights, people
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants import commands as tenants
from workbench.tenants.models import Tenant

PASSWORD = "correct horse battery staple"
HOSTILE = "<img src=x onerror=alert(1)>"
MINUTES = 90_000  # ms, for what a kernel does
MOST = 400
MODELS = "Bokeh.documents[0]._all_models.size"


async def make_analyst(database: Database, tenant_id: UUID) -> str:
    """Make an analyst with a password and answer the e-mail address."""
    user = await people.make_user(database, password=PASSWORD)
    await people.join(database, tenant_id, user.id, Role.ANALYST)
    return user.email


async def sign_in(page: Page, email: str, password: str) -> None:
    """Fill in the log-in."""
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def test_an_analyst_works(
    house: str, browser: Browser, database: Database, tenant: Tenant, other_tenant: Tenant
) -> None:
    """Everything an analyst came for works, nothing goes wrong on the way, and no host is asked."""
    count = await flights.load(database, tenant.id, "UA", MOST)
    await flights.load(database, other_tenant.id, "B6", 7)
    email = await make_analyst(database, tenant.id)
    page = await browser.new_page(viewport={"width": 1360, "height": 900})
    visitor = Visitor(page, house)

    await page.goto(house)
    await sign_in(page, email, PASSWORD)
    await expect(page.get_by_role("heading", name="Datasets")).to_be_visible()
    await expect(page.get_by_text(f"{count:,} rows")).to_be_visible()

    await filter_flights(page, count)
    await run_notebook(page)
    assert not visitor.trouble

    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/login*")
    await page.goto(f"{house}/dashboards/flights")
    assert "/login" in page.url


async def filter_flights(page: Page, count: int) -> None:
    """Look at the flights, choose an airport, and turn a page."""
    await page.get_by_role("link", name="Flights", exact=True).first.click()
    await expect(page.get_by_text(f"1–25 of {count:,} flights")).to_be_visible()
    await page.wait_for_function("Bokeh.documents[0].is_idle")
    models = await page.evaluate(MODELS)

    await page.get_by_label("From").first.click()
    await page.locator("li").filter(has_text="LGA").click()
    chosen = sum(row["origin"] == "LGA" for row in flights.sample("UA", MOST))
    await expect(page.get_by_text(f"1–25 of {chosen:,} flights")).to_be_visible()
    await page.get_by_role("button", name="Next").click()
    await expect(page.get_by_text(re.compile("^26–"))).to_be_visible()

    # What goes with the page before goes a moment later.
    await page.wait_for_function(f"{MODELS} === {models}")


async def run_notebook(page: Page) -> None:
    """Start the tenant report, wait for it, and read it."""
    await page.get_by_role("link", name="Home", exact=True).click()
    await page.get_by_role("button", name="Start").click()
    report = page.get_by_role("link", name="Report")
    await expect(report).to_be_visible(timeout=MINUTES)
    async with page.context.expect_page() as opened:
        await report.click()
    reading = await opened.value
    await expect(reading.get_by_role("heading").first).to_be_visible()
    await reading.close()


async def test_a_wrong_password_is_told(
    house: str, browser: Browser, database: Database, tenant: Tenant
) -> None:
    """The log-in says what is wrong, keeps the address, and then lets the right one in."""
    email = await make_analyst(database, tenant.id)
    page = await browser.new_page()

    await page.goto(f"{house}/dashboards/home")
    await sign_in(page, email, "wrong")
    await expect(page.get_by_role("alert")).to_contain_text("wrong")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/dashboards/home")


async def test_hostile_names_are_text(
    house: str, browser: Browser, database: Database, tenant: Tenant
) -> None:
    """What a tenant's rows hold is shown as it is written, and never runs."""
    await flights.load(database, tenant.id, "OO")
    loader = Actor.of_system("test", *commands.LOADER, tenant_id=tenant.id)
    row = flights.sample("OO", 1)[0] | {"tailnum": HOSTILE, "dest": HOSTILE}
    async with database.session(loader) as session:
        await commands.add_rows(session, loader, "flights", [row])
    email = await make_analyst(database, tenant.id)
    page = await browser.new_page(viewport={"width": 1360, "height": 2400})
    visitor = Visitor(page, house)

    await page.goto(f"{house}/dashboards/flights")
    await sign_in(page, email, PASSWORD)
    await expect(page.get_by_text("1–25 of 33 flights")).to_be_visible()
    await page.get_by_label("To", exact=True).first.click()
    await page.locator("li").filter(has_text=HOSTILE).click()
    await expect(page.get_by_text("1–1 of 1 flights")).to_be_visible()
    await expect(page.get_by_role("cell", name=HOSTILE).first).to_be_visible()
    await page.mouse.move(560, 900)

    assert not visitor.trouble


async def test_the_operator_finds_a_way(house: str, browser: Browser, database: Database) -> None:
    """The operator sees the tenants, and from an address that leads nowhere comes back home."""
    # The list begins with the first by name, of the many that other tests made.
    tenant, other_tenant = [
        await people.make_tenant(database, f"0{which}-{new_id().hex[-12:]}") for which in "23"
    ]
    user = await people.make_user(database, password=PASSWORD, is_operator=True)
    async with database.session(people.FOUNDER) as session:
        await tenants.suspend(session, people.FOUNDER, tenant.id, datetime.now(UTC))
    page = await browser.new_page(viewport={"width": 400, "height": 800})
    visitor = Visitor(page, house)

    await page.goto(house)
    await sign_in(page, user.email, PASSWORD)
    await expect(page.get_by_role("heading", name="Platform")).to_be_visible()
    suspended = page.get_by_role("row").filter(has_text=tenant.slug)
    await expect(suspended.get_by_text("Suspended")).to_be_visible()
    at_work = page.get_by_role("row").filter(has_text=other_tenant.slug)
    await expect(at_work).to_be_visible()
    await expect(at_work.get_by_text("Suspended")).to_have_count(0)
    await expect(page.get_by_role("link", name="Flights")).to_have_count(0)
    assert not visitor.trouble

    await page.goto(f"{house}/dashboards/nothing")
    await expect(page.get_by_role("heading", name="There is no page here")).to_be_visible()
    assert [said for said in visitor.trouble if "404" not in said] == []
    await page.get_by_role("link", name="Go to Home").click()
    await expect(page.get_by_role("heading", name="Platform")).to_be_visible()
