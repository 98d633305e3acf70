"""The whole house with its worker on a free port, and a browser that watches for trouble."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Request, Response, async_playwright, expect

from dashboards import app as dashboards
from tests.support import chromium
from tests.support.serving import serving
from workbench.api import app as api
from workbench.db.session import Database
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.worker import loop

expect.set_options(timeout=60_000)  # ms; two cores may be busy with other things
# Without them Chromium asks after its own updates.
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
# Panel 1.9 makes Tornado's requests in a way that Tornado 6.7 will refuse.
TORNADO = "ignore:.*HTTPServerRequest:DeprecationWarning"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder as journeys."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.journey)
            item.add_marker(pytest.mark.filterwarnings(TORNADO))


@dataclass
class Visitor:
    """A browser's page, and all that went wrong in it."""

    page: Page
    url: str
    trouble: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Note errors, dialogs, refused answers and requests to other hosts."""
        self.page.on("console", lambda said: self._note(said.type == "error", said.text))
        self.page.on("pageerror", lambda error: self._note(True, str(error)))  # noqa: FBT003
        self.page.on("dialog", lambda dialog: self._note(True, dialog.message))  # noqa: FBT003
        self.page.on("request", self._check_request)
        self.page.on("response", self._check_response)

    def _note(self, is_wrong: bool, text: str) -> None:  # noqa: FBT001
        if is_wrong:
            self.trouble.append(text)

    def _check_request(self, request: Request) -> None:
        ours = (self.url, self.url.replace("http", "ws"), "data:", "blob:")
        self._note(not request.url.startswith(ours), f"foreign: {request.url}")

    def _check_response(self, response: Response) -> None:
        self._note(response.status >= 400, f"{response.status}: {response.url}")


@pytest.fixture
async def house(settings: Settings, quiet: str) -> AsyncIterator[str]:
    """The API, the dashboards and a worker; the address."""
    working = asyncio.create_task(loop.serve(settings))
    yield quiet
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


@pytest.fixture(scope="module")
async def quiet(settings: Settings, database: Database, storage: Storage) -> AsyncIterator[str]:
    """The API and the dashboards without a worker; the address."""
    app: Any = api.create(settings, database, storage)
    dashboards.mount(app, settings, database, storage)
    async with serving(app) as url:
        yield url


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A browser; each test has windows of its own, which know nothing of another's."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium.needed(),
            args=[*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])],
        )
        yield browser
        await browser.close()
