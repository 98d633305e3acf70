"""An engineer in JupyterLab: the shelf's notebooks by hand, by a card, and as a job."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.journeys.conftest import Visitor
from tests.support import commands, flights, people
from tests.support.jupyter import answers, kernel
from tests.support.site import free_port
from workbench.db.session import Database
from workbench.notebooks.faults import faults
from workbench.permissions import Role
from workbench.settings import ROOT, Settings
from workbench.tenants.models import Tenant

TOKEN = "a-token-of-this-test"
SHELF = ROOT / "notebooks"
BY_HAND = ("tenant_report", "data_quality")  # the others need a disposable database


@dataclass
class Lab:
    """A JupyterLab and who is signed in to it."""

    url: str
    client: httpx.AsyncClient


@pytest.fixture
async def lab(
    house: str, settings: Settings, database: Database, tenant: Tenant
) -> AsyncIterator[Lab]:
    """JupyterLab for an engineer of a tenant with flights."""
    await flights.load(database, tenant.id, "OO")
    user = await people.make_user(database)
    await people.join(database, tenant.id, user.id, Role.ENGINEER)
    url = f"http://127.0.0.1:{free_port()}"
    environment = {
        "JUPYTER_TOKEN": TOKEN,
        "WORKBENCH_HOME": str(settings.home),
        "WORKBENCH_PORT": house.rpartition(":")[2],
        "WORKBENCH_WARM_KERNELS": "1",
    }
    arguments = ("lab", "--tenant", tenant.slug, "--as", user.email, "--port", url[-5:].strip(":"))
    headers = {"Authorization": f"token {TOKEN}"}
    with commands.serving(*arguments, **environment):
        await answers(f"{url}/api/status?token={TOKEN}")
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
            yield Lab(url, client)


async def test_an_engineer_works_with_the_shelf(
    lab: Lab, browser: Browser, tenant: Tenant, made: Path
) -> None:
    """Each notebook runs by hand, a line or a button makes it a job, and a card opens it."""
    before = {path: path.read_text() for path in SHELF.glob("*.ipynb")}
    for name in BY_HAND:
        await by_hand(lab, name)
    await by_a_line(lab)
    page = await browser.new_page(viewport={"width": 1360, "height": 1200})
    visitor = Visitor(page, lab.url)
    await by_a_card(page, lab, tenant)
    await by_a_new_one(page, made)
    # The form's first answer was refused, as it should be, and nothing else.
    assert [one[:4] for one in visitor.trouble] == ["409:", "Fail"]
    assert {path: path.read_text() for path in before} == before


async def by_hand(lab: Lab, name: str) -> None:
    """Execute a notebook of the shelf cell by cell, as its page does."""
    cells = json.loads((SHELF / f"{name}.ipynb").read_text())["cells"]
    async with kernel(lab.client, notebook=f"{name}.ipynb", name="workbench") as one:
        for cell in cells:
            if cell["cell_type"] == "code":
                said = await one.execute("".join(cell["source"]))
                assert "'ename'" not in said, said


async def by_a_line(lab: Lab) -> None:
    """Order a run of the open notebook with its variables, and read of what is no notebook."""
    async with kernel(lab.client, notebook="tenant_report.ipynb", name="workbench") as one:
        await one.execute("%load_ext workbench\norigin, first_month, last_month = 'JFK', 2, 3")
        said = await one.execute("%workbench_job top=4")
        assert said.endswith("tenant_report: succeeded"), said
        told = await one.execute("print(job.view['parameters'], job.report().data[:25])")
        assert told.startswith("{'top': 4, 'origin': 'JFK', 'last_month': 3, 'first_month': 2} <if")
        assert "equal to 30" in await one.execute("run.submit('tenant_report', top=99)")
    async with kernel(lab.client, name="workbench") as one:
        await one.execute("%load_ext workbench")
        assert "is not on the shelf" in await one.execute("run.submit()")
        assert "is not on the shelf" in await one.execute("%workbench_job nothing")


async def by_a_card(page: Page, lab: Lab, tenant: Tenant) -> None:
    """Open a notebook by its card, and run it as a job with another value."""
    await page.goto(f"{lab.url}/lab?token={TOKEN}")
    for path in SHELF.glob("*.ipynb"):
        title = json.loads(path.read_text())["metadata"]["workbench"]["title"]
        await expect(page.get_by_role("button", name=title, exact=True)).to_be_visible()
    await page.get_by_role("button", name="Tenant report", exact=True).click()
    await page.locator("[data-jp-item-name=workbench-run]").click()
    await expect(page.locator("[data-parameter=top]")).to_have_value("10")
    await page.locator("[data-parameter=top]").fill("99")
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_text("Input should be less than or equal to 30")).to_be_visible()

    await page.locator("[data-jp-item-name=workbench-run]").click()
    await page.locator("[data-parameter=origin]").select_option("JFK")
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.locator(".workbench-state")).to_have_text("succeeded")
    report = page.frame_locator("iframe[src*='/report']")
    await expect(report.get_by_text(tenant.name).first).to_be_visible()
    await expect(report.get_by_text("JFK", exact=True).first).to_be_visible()


@pytest.fixture
def made() -> Iterator[Path]:
    """Where the new notebook comes to lie, for the length of a test."""
    path = SHELF / "made_by_a_test.ipynb"
    yield path
    path.unlink(missing_ok=True)


async def by_a_new_one(page: Page, made: Path) -> None:
    """Write a notebook by its card; it passes the check."""
    await page.get_by_role("button", name="New Launcher").first.click()
    await page.locator(".jp-LauncherCard", has_text="New notebook").click()
    await page.locator(".jp-Dialog input").fill(made.stem)
    await page.get_by_role("button", name="Write").click()
    await expect(page.get_by_role("tab", name=made.name)).to_be_visible()
    assert faults(made) == []
