"""What somebody does shows on the screens of colleagues, and on nobody else's."""

import asyncio
import csv
import io
from uuid import UUID

import httpx
from playwright.async_api import Browser, Page, expect

from tests.journeys.conftest import Visitor
from tests.journeys.test_analyst import MODELS, PASSWORD, make_analyst, sign_in
from tests.support import flights, people
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants.models import Tenant

MOST = 60
MORE = 5


async def test_an_import_shows_on_every_open_page(
    house: str, browser: Browser, database: Database, tenant: Tenant, other_tenant: Tenant
) -> None:
    """An import through the API shows on a colleague's pages, without a new model; not on B's."""
    count = await flights.load(database, tenant.id, "UA", MOST)
    theirs = await flights.load(database, other_tenant.id, "B6", MOST)
    colleague = await opened(browser, house, await make_analyst(database, tenant.id))
    stranger = await opened(browser, house, await make_analyst(database, other_tenant.id))
    files, flying, exploring, home = (visitor.page for visitor in colleague)
    await expect(flying.get_by_text(f"1–25 of {count} flights")).to_be_visible()
    await expect(stranger[1].page.get_by_text(f"1–25 of {theirs} flights")).to_be_visible()
    await flying.get_by_role("button", name="Next").click()
    await expect(flying.get_by_text(f"26–50 of {count} flights")).to_be_visible()
    await until(flying, "Bokeh.documents[0].is_idle")
    models = await flying.evaluate(MODELS)

    await bring(house, database, tenant.id)

    await expect(files.get_by_text("more.csv").first).to_be_visible()
    row = files.get_by_role("row").filter(has_text="Flights")
    await expect(row.get_by_role("cell", name=str(count + MORE), exact=True)).to_be_visible()
    await expect(flying.get_by_text(f"26–50 of {count + MORE} flights")).to_be_visible()
    await expect(exploring.get_by_text(f"{count + MORE} rows").first).to_be_visible()
    await expect(home.get_by_text(f"{count + MORE} rows")).to_be_visible()
    await until(flying, f"{MODELS} === {models}")
    await expect(stranger[0].page.get_by_text("more.csv")).to_have_count(0)
    await expect(stranger[1].page.get_by_text(f"1–25 of {theirs} flights")).to_be_visible()
    assert [visitor.trouble for visitor in (*colleague, *stranger)] == [[]] * 8


async def until(page: Page, claim: str) -> None:
    """Wait until something is true in a page, whose rules let nothing poll there by itself."""
    async with asyncio.timeout(60):
        while not await page.evaluate(claim):
            await asyncio.sleep(0.1)


async def opened(browser: Browser, house: str, email: str) -> list[Visitor]:
    """Sign in, and open four dashboards."""
    context = await browser.new_context(viewport={"width": 1360, "height": 1200})
    found: list[Visitor] = []
    for name in ("files", "flights", "explore?dataset=flights", "home"):
        page = await context.new_page()
        visitor = Visitor(page, house)
        await page.goto(f"{house}/dashboards/{name}")
        if not found:
            await sign_in(page, email, PASSWORD)
        await expect(page.get_by_text("Flights").first).to_be_visible()
        found.append(visitor)
    return found


async def bring(house: str, database: Database, tenant_id: UUID) -> None:
    """Load a few more flights from a file, as an engineer's program does."""
    user = await people.make_user(database, password=PASSWORD)
    await people.join(database, tenant_id, user.id, Role.ENGINEER)
    rows = [row for row in flights.sample("UA", MOST) if None not in row.values()][:MORE]
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    async with httpx.AsyncClient(base_url=f"{house}/api/v1") as client:
        signed_in = await client.post(
            "/auth/login", json={"email": user.email, "password": PASSWORD}
        )
        client.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
        answer = await client.post(
            "/datasets/flights/imports", files={"file": ("more.csv", file.getvalue())}
        )
        assert answer.status_code == 202, answer.text
