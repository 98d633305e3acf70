"""A newcomer's question in a browser, and what a link shows to whom it is not meant for."""

import csv
import io
from datetime import date
from statistics import fmean

from playwright.async_api import Browser, Page, expect

from tests.journeys.conftest import Visitor
from tests.journeys.test_analyst import MODELS, PASSWORD, make_analyst, sign_in
from tests.support import flights, granting, people
from workbench.datasets import commands
from workbench.datasets.schemas import NewColumn, NewDataset
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants.models import Tenant

MOST = 1000
EXPLORE = "/dashboards/explore"
TIME = "Time hour"


async def open_flights(page: Page, house: str, email: str) -> None:
    """Sign in, go to Explore by the navigation, and choose the flights."""
    await page.goto(house)
    await sign_in(page, email, PASSWORD)
    await page.get_by_role("link", name="Explore", exact=True).first.click()
    await expect(page.get_by_role("heading", name="What do you want")).to_be_visible()
    await page.get_by_role("link", name="Flights").last.click()
    await expect(page.get_by_text("of Flights, all there are")).to_be_visible()
    await page.wait_for_function("Bokeh.documents[0].is_idle")


async def add_filter(page: Page, column: str, word: str) -> None:
    """Begin a filter of a column."""
    await page.get_by_role("button", name="Add a filter").click()
    await page.get_by_label("Column to filter").select_option(column)
    await page.get_by_label("How", exact=True).select_option(word)


async def test_which_destination_is_the_worst_on_fridays_in_june(
    house: str, browser: Browser, database: Database, tenant: Tenant, other_tenant: Tenant
) -> None:
    """An analyst finds the answer with what is on the page, its rows, a link and a file."""
    await flights.load(database, tenant.id, "UA", MOST)
    await flights.load(database, other_tenant.id, "B6", 50)
    page = await browser.new_page(viewport={"width": 1360, "height": 1400})
    visitor = Visitor(page, house)
    await open_flights(page, house, await make_analyst(database, tenant.id))
    models = await page.evaluate(MODELS)

    await ask_for_the_worst(page)
    worst, count = expected()
    table = page.get_by_role("table").first
    await expect(table.locator("tbody tr").first.get_by_role("cell").first).to_have_text(worst)
    await page.wait_for_function(f"{MODELS} === {models}")

    await table.get_by_role("button", name=worst, exact=True).click()
    await expect(page.get_by_text(f"1–{count} of {count} row")).to_be_visible()
    await expect(
        page.get_by_role("button", name=f"Remove the filter Dest is {worst}")
    ).to_be_visible()
    await check_file(page, worst, count)
    await check_link(page, worst)
    assert not visitor.trouble


async def ask_for_the_worst(page: Page) -> None:
    """Choose mean, delay and destination, then June and Fridays of New York."""
    measure = page.get_by_label("Measure", exact=True)
    await expect(measure).to_be_visible()
    await measure.select_option("Mean of")
    await page.get_by_label("Measured column").select_option("Arr delay")
    await expect(page.get_by_text("Mean arr delay by").first).to_be_visible()
    await page.get_by_label("By", exact=True).select_option("Dest")
    await page.get_by_label("Time zone").fill("America/New_York")
    await page.get_by_label("Time zone").press("Tab")
    await expect(page.get_by_text("Mean arr delay by Dest").first).to_be_visible()
    await add_filter(page, "Month", "is")
    await page.get_by_label("Value", exact=True).fill("6")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("button", name="Remove the filter Month is 6")).to_be_visible()
    await add_filter(page, TIME, "is on a")
    await page.get_by_label("Friday").check()
    await page.get_by_role("button", name="Add", exact=True).click()
    friday = f"Remove the filter {TIME}: Friday"
    await expect(page.get_by_role("button", name=friday)).to_be_visible()


def expected() -> tuple[str, int]:
    """The destination with the largest mean delay on Fridays in June, and its flights."""
    delays: dict[str, list[int | None]] = {}
    for row in flights.sample("UA", MOST):
        if row["month"] == 6 and date(row["year"], 6, row["day"]).weekday() == 4:
            delays.setdefault(row["dest"], []).append(row["arr_delay"])
    means = {
        dest: fmean(known)
        for dest, found in delays.items()
        if (known := [delay for delay in found if delay is not None])
    }
    worst = max(means, key=lambda dest: means[dest])
    return worst, len(delays[worst])


async def check_file(page: Page, worst: str, count: int) -> None:
    """The CSV holds just the rows of the screen."""
    async with page.expect_download() as started:
        await page.get_by_role("link", name="CSV").click()
    path = await (await started.value).path()
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [row["dest"] for row in rows] == [worst] * count
    assert {row["month"] for row in rows} == {"6"}


async def check_link(page: Page, worst: str) -> None:
    """The address restores the question, and going back undoes the last step."""
    chip = page.get_by_role("button", name=f"Remove the filter Dest is {worst}")
    await page.reload()
    await expect(chip).to_be_visible()
    await expect(page.get_by_label("Time zone")).to_have_value("America/New_York")
    await page.wait_for_function("Bokeh.documents[0].is_idle")
    await chip.click()
    await expect(chip).to_have_count(0)
    await page.go_back()
    await expect(chip).to_be_visible()


async def test_a_link_of_somebody_else_shows_nothing(
    house: str, browser: Browser, database: Database, tenant: Tenant, other_tenant: Tenant
) -> None:
    """A guest sees the part alone; another tenant's private dataset is not there at all."""
    await flights.load(database, tenant.id, "UA", 200)
    owner = await people.make_actor(database, tenant.id, Role.OWNER)
    maker = await people.make_actor(database, other_tenant.id, Role.ANALYST)
    new = NewDataset(
        name="their_sums", title="Their sums", columns=[NewColumn(name="n", type="integer")]
    )
    async with database.session(maker) as session:
        await commands.define_private(session, maker, new)
    user = await people.make_user(database, password=PASSWORD)
    membership = await people.join(database, tenant.id, user.id, Role.GUEST)
    jfk = {"column": "origin", "op": "eq", "value": "JFK"}
    await granting.grant(database, owner, membership, "dataset", "flights", filter=jfk)
    await granting.grant(database, owner, membership, "dashboard", "explore")
    page = await browser.new_page(viewport={"width": 400, "height": 900})
    visitor = Visitor(page, house)

    await page.goto(f"{house}{EXPLORE}?dataset=flights&show=count&by=origin")
    await sign_in(page, user.email, PASSWORD)
    count = sum(row["origin"] == "JFK" for row in flights.sample("UA", 200))
    await expect(page.get_by_text(f"of {count} rows of Flights, all there are")).to_be_visible()
    await expect(page.get_by_role("button", name="JFK", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="EWR", exact=True)).to_have_count(0)
    await page.goto(f"{house}{EXPLORE}?dataset=their_sums")
    await expect(page.get_by_text("There is no such dataset here")).to_be_visible()
    await page.get_by_role("button", name="Change the question").click()
    await expect(page.get_by_label("Dataset", exact=True)).to_be_visible()
    await expect(page.locator("option", has_text="Their sums")).to_have_count(0)
    assert not visitor.trouble
