"""Every page, whatever it is for: usable by all, free of errors, and content with this one host."""

import asyncio

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from dashboards import app as dashboards
from tests.journeys.conftest import Visitor
from tests.journeys.test_analyst import PASSWORD, sign_in
from tests.support import flights, people
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants.models import Tenant

GRAVE = ("serious", "critical")
EVERYTHING: dict[str, list[str]] = {"resultTypes": ["violations"]}
COLOURS = EVERYTHING | {"runOnly": ["color-contrast"]}
TRIES = 4  # colours fade in and data arrive
# What panel-material-ui 0.16 makes of its fields for numbers: the two small steps beside them have
# no names (the arrow keys do the same), and a description has a name where none may be.
LIBRARY = (
    ("button-name", "MuiIconButton-sizeSmall"),
    ("aria-prohibited-attr", 'sx="[object Object]"'),
)


async def test_every_page_is_sound(
    quiet: str, browser: Browser, database: Database, tenant: Tenant
) -> None:
    """No page of an owner has a grave finding, light or dark, an error, or a foreign request."""
    await flights.load(database, tenant.id, "UA", 60)
    user = await people.make_user(database, password=PASSWORD)
    await people.join(database, tenant.id, user.id, Role.OWNER)
    page = await browser.new_page(viewport={"width": 1280, "height": 1000})
    visitor = Visitor(page, quiet)
    await page.goto(f"{quiet}/dashboards/home")
    await sign_in(page, user.email, PASSWORD)
    greeted = page.get_by_role("button", name="signed in as A person")
    await expect(greeted).to_be_visible()
    found: list[str] = []
    for path in dashboards.PAGES:
        await page.goto(f"{quiet}{path}")
        await expect(greeted).to_be_visible()
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        found += [f"{path} {each}" for each in await grave(page, EVERYTHING)]
        await page.get_by_role("button", name="Toggle theme").click()
        found += [f"{path} in other colours {each}" for each in await grave(page, COLOURS)]
    assert not found, "\n".join(found)
    assert visitor.trouble == []


async def grave(page: Page, options: dict[str, list[str]]) -> list[str]:
    """What axe finds serious or critical on a page, with the elements, and finds again."""
    await page.mouse.move(4, 500)  # away from what would show a tooltip
    found: list[str] = []
    for _ in range(TRIES):
        await asyncio.sleep(0.4)
        results = await Axe().run(page, options=options)
        found = [
            f"{violation['id']}: {node['html'][:160]} {node['failureSummary']}"
            for violation in results.response["violations"]
            if violation["impact"] in GRAVE
            for node in violation["nodes"]
            if not any(violation["id"] == id_ and sign in node["html"] for id_, sign in LIBRARY)
        ]
        if not found:
            break
    return found
