"""People bring files in a browser: a messy one, what goes wrong on the way, and who may not."""

import base64
import io
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.async_api import Browser, Page, Route, expect
from pydantic import ByteSize
from sqlalchemy import select

from dashboards import app as dashboards
from tests.journeys.conftest import Visitor
from tests.journeys.test_analyst import PASSWORD, make_analyst, sign_in
from tests.support import people
from tests.support.serving import serving
from workbench.api import app as api
from workbench.datasets.models import Import
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant

ACCEPTED = "Failed to load resource"
HOSTILE = "<img src=x onerror=alert(1)>"
MESSY = (
    "Kundennummer;Straße;Umsatz (€);Bestelldatum;Notiz\n"
    "1001;Große Gasse 1;1.234,50;31.01.2026;x\n"
    "1002;Müllerweg 9;99,90;30.02.2026;y\n"
    f"1003;{HOSTILE};5,00;28.02.2026;z\n"
)
# A file dropped from the desktop, as a browser tells of it.
DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name));
  const place = document.querySelector("body");
  for (const kind of ["dragover", "drop"]) {
    const options = { dataTransfer: carried, bubbles: true, cancelable: true };
    place.dispatchEvent(new DragEvent(kind, options));
  }
}"""


async def drop(page: Page, name: str, content: bytes) -> None:
    """Drop a file onto the page."""
    await page.evaluate(DROP, [name, base64.b64encode(content).decode()])


async def open_files(page: Page, house: str, email: str) -> None:
    """Sign in and open the dashboard."""
    await page.goto(f"{house}/dashboards/files")
    await sign_in(page, email, PASSWORD)
    await expect(page.get_by_role("heading", name="No datasets yet")).to_be_visible()


async def test_an_analyst_brings_a_messy_file(
    house: str, browser: Browser, database: Database, tenant: Tenant, tmp_path: Path
) -> None:
    """A messy file becomes a dataset; its refused row comes back corrected; all can be undone."""
    email = await make_analyst(database, tenant.id)
    page = await browser.new_page(viewport={"width": 1360, "height": 1600})
    visitor = Visitor(page, house)
    await open_files(page, house, email)

    await drop(page, "umsätze 2026.csv", MESSY.encode("cp1252"))
    await correct(page)
    await page.get_by_role("button", name="Load 3 rows").click()
    await expect(page.get_by_role("heading", name="umsätze 2026.csv is in umsätze")).to_be_visible()
    await expect(page.get_by_text("2 rows loaded, 1 refused.").first).to_be_visible()
    await expect(page.get_by_role("cell", name="30.02.2026")).to_be_visible()

    await send_corrected(page, tmp_path)
    await page.get_by_role("button", name="Undo this import").first.click()
    await expect(page.get_by_text("Undoing takes its 1 row away.")).to_be_visible()
    await page.get_by_role("button", name="Undo it").click()
    await expect(page.get_by_role("heading", name="was taken back")).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="umsaetze_2026")).to_contain_text("2")
    assert not visitor.trouble


async def correct(page: Page) -> None:
    """Choose a type, leave a column out, and give names, of which one is refused in place."""
    await expect(page.get_by_text("Bestelldatum looks like a date")).to_be_visible()
    await expect(page.get_by_role("cell", name=HOSTILE).first).to_be_visible()
    await page.get_by_label("Type of Bestelldatum").select_option("Date")
    await expect(page.get_by_text("1 cells of bestelldatum in the sample")).to_be_visible()
    await page.get_by_label("Take Notiz").uncheck()
    await page.get_by_label("Name of Kundennummer").fill("Kunde Nr.")
    await expect(page.get_by_role("button", name="Load 3 rows")).to_be_disabled()
    await page.get_by_label("Name of Kundennummer").fill("kunde")
    await (
        page.get_by_label("Name", exact=False)
        .and_(page.locator("[data-key=dataset]"))
        .fill("umsaetze_2026")
    )


async def send_corrected(page: Page, folder: Path) -> None:
    """Download the refused row, mend its date, and drop it: it is loaded as the others were."""
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Download refused rows (CSV)").click()
    download = await started.value
    assert download.suggested_filename == "rejects of umsätze 2026.csv.csv"
    kept = folder / "rejects.csv"
    await download.save_as(kept)
    text = kept.read_text().replace("30.02.2026", "27.02.2026")

    await drop(page, download.suggested_filename, text.encode())
    await expect(page.get_by_text("refused rows of umsätze 2026.csv, corrected")).to_be_visible()
    await page.get_by_role("button", name="Load 1 row").click()
    await expect(page.get_by_role("heading", name="rejects of umsätze")).to_be_visible()
    await expect(page.get_by_text("1 row loaded.").first).to_be_visible()
    row = page.get_by_role("row").filter(has_text="umsaetze_2026")
    await expect(row.get_by_role("cell", name="3", exact=True)).to_be_visible()


async def test_what_goes_wrong_is_told_in_place(
    house: str, browser: Browser, database: Database, tenant: Tenant
) -> None:
    """A refused file and a broken connection are told, the file stays, and a second try is one."""
    email = await make_analyst(database, tenant.id)
    page = await browser.new_page(viewport={"width": 400, "height": 800})
    visitor = Visitor(page, house)
    await open_files(page, house, email)

    await drop(page, "open.csv", b'a,b\n1,"2\n')
    await expect(
        page.get_by_text("The quote that opens in line 2 is never closed.")
    ).to_be_visible()
    await expect(page.get_by_role("heading", name="open.csv")).to_be_visible()

    await drop(page, "good.csv", b"a,b\n1,2\n")
    await expect(page.get_by_role("button", name="Load 1 row")).to_be_enabled()
    await page.route("**/datasets/*/imports", cut)
    await page.get_by_role("button", name="Load 1 row").click()
    broke = page.get_by_text("The connection broke; nothing was loaded. Try again.")
    await expect(broke).to_be_visible()
    await expect(broke).to_be_in_viewport()
    await page.unroute("**/datasets/*/imports")
    await page.get_by_role("button", name="Load 1 row").click()
    await expect(page.get_by_role("heading", name="good.csv is in good")).to_be_visible()

    assert await imports_of(database, tenant.id) == ["good.csv"]
    expected = (ACCEPTED, "422: ")
    assert [said for said in visitor.trouble if not said.startswith(expected)] == []


async def cut(route: Route) -> None:
    """Break a connection."""
    await route.abort("connectionreset")


async def imports_of(database: Database, tenant_id: UUID) -> list[str]:
    """The names of the files that were sent."""
    owner = await people.make_actor(database, tenant_id, Role.OWNER)
    async with database.session(owner) as session:
        return list(await session.scalars(select(Import.file_name)))


async def test_a_second_file_waits_for_the_first(
    house: str, browser: Browser, database: Database, tenant: Tenant
) -> None:
    """While a file is being sent another is not taken, and that is said; stopping loads nothing."""
    email = await make_analyst(database, tenant.id)
    page = await browser.new_page(viewport={"width": 1360, "height": 1600})
    await open_files(page, house, email)
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await drop(page, "first.csv", b"a,b\n1,2\n")
    await page.route("**/datasets/*/imports", hold)
    await page.get_by_role("button", name="Load 1 row").click()
    await expect(page.get_by_role("heading", name="Sending first.csv")).to_be_visible()
    await drop(page, "second.csv", b"a,b\n1,2\n")
    await expect(page.get_by_text("first.csv is still being sent")).to_be_visible()
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_text("Stopped; nothing was loaded.")).to_be_visible()
    await expect(page.get_by_role("heading", name="first.csv")).to_be_visible()
    assert await imports_of(database, tenant.id) == []


async def test_an_engineer_updates_by_key_from_a_large_file(
    house: str, browser: Browser, database: Database, tenant: Tenant
) -> None:
    """Of a large file only its beginning is looked at, all of it is loaded, and keys are chosen."""
    user = await people.make_user(database, password=PASSWORD)
    await people.join(database, tenant.id, user.id, Role.ENGINEER)
    page = await browser.new_page(viewport={"width": 1360, "height": 1800})
    visitor = Visitor(page, house)
    await open_files(page, house, user.email)
    large = io.StringIO()
    large.write("id,word\n")
    large.writelines(f"{number},{'x' * 40}\n" for number in range(60_000))

    await drop(page, "words.csv", large.getvalue().encode())
    await page.get_by_role("button", name="Load about").click()
    await expect(page.get_by_text("60,000 rows loaded.").first).to_be_visible()

    await drop(page, "more words.csv", b"id,word,other\n7,new,1\n60000,last,1\n")
    await page.get_by_label("A dataset that is there").check()
    await page.get_by_label("Update by key").check()
    await expect(page.get_by_role("button", name="Load 2 rows")).to_be_disabled()
    await page.get_by_label("id", exact=True).check()
    await page.get_by_role("button", name="Load 2 rows").click()
    await expect(page.get_by_text("2 rows loaded, 1 replaced.").first).to_be_visible()
    row = page.get_by_role("row").filter(has_text="words")
    await expect(row.get_by_role("cell", name="60,001", exact=True)).to_be_visible()
    assert not visitor.trouble


async def test_a_viewer_sees_a_friendly_face(
    house: str, browser: Browser, database: Database, tenant: Tenant
) -> None:
    """Who may not load files is told whom to ask, and dropping one does nothing."""
    user = await people.make_user(database, password=PASSWORD)
    await people.join(database, tenant.id, user.id, Role.VIEWER)
    page = await browser.new_page()
    visitor = Visitor(page, house)
    await open_files(page, house, user.email)

    await expect(page.get_by_role("heading", name="You can look")).to_be_visible()
    await expect(page.get_by_role("button", name="Choose a file")).to_have_count(0)
    await drop(page, "secret.csv", b"a,b\n1,2\n")
    await expect(page.get_by_text("secret.csv")).to_have_count(0)
    assert not visitor.trouble


async def test_a_file_that_is_too_large_is_not_sent(
    settings: Settings, database: Database, storage: Storage, browser: Browser, tenant: Tenant
) -> None:
    """The page knows how large a file may be, says it before a byte is sent, and takes others."""
    small = settings.model_copy(update={"file_limit": ByteSize(1000)})
    app: Any = api.create(small, database, storage)
    dashboards.mount(app, small, database, storage)
    email = await make_analyst(database, tenant.id)
    page = await browser.new_page(viewport={"width": 1360, "height": 1600})
    async with serving(app) as url:
        visitor = Visitor(page, url)
        await open_files(page, url, email)
        await drop(page, "large.csv", b"a,b\n" + b"1,2\n" * 300)
        await expect(page.get_by_text("large.csv has 1.2 kB; at most 1.0 kB")).to_be_visible()
        await drop(page, "small.csv", b"a,b\n1,2\n")
        await expect(page.get_by_role("button", name="Load 1 row")).to_be_enabled()
        assert not visitor.trouble
        await page.close()
