"""The API and the dashboards on a port of their own, and browsers' requests to them."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import websockets
from fastapi import FastAPI

from dashboards import app as dashboards
from dashboards.guard import COOKIE
from tests.support.serving import serving
from workbench.actor import Actor
from workbench.api import app as api
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.settings import Settings
from workbench.storage import Storage

# Panel 1.9 makes Tornado's requests in a way that Tornado 6.7 will refuse.
TORNADO = "ignore:.*HTTPServerRequest:DeprecationWarning"
UNUSED = timedelta(seconds=2)
HOME = "/dashboards/home"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of this folder pass over what Panel does to Tornado."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(TORNADO))


def session_token(page: str) -> str:
    """The token that a page brings for its Bokeh session."""
    found = re.search(r'"token":"([^"]+)"', unescape(page))
    assert found is not None
    return found[1]


@dataclass(frozen=True)
class Site:
    """A served app, and how a browser would speak to it."""

    app: FastAPI
    url: str
    tokens: Tokens

    def cookie(self, actor: Actor, *, age: timedelta = timedelta()) -> str:
        """The access cookie of a signed-in actor, made some time ago."""
        assert actor.sid is not None
        assert actor.user_id is not None
        made = datetime.now(UTC) - age
        return self.tokens.access(actor.sid, actor.user_id, actor.tenant_id, made)

    async def get(self, path: str, actor: Actor | None = None, **headers: str) -> httpx.Response:
        """Ask for a page as somebody or as nobody."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if actor is not None:
            headers["Cookie"] = f"{COOKIE}={self.cookie(actor)}"
        async with httpx.AsyncClient(base_url=self.url) as client:
            return await client.get(path, headers=headers)

    async def token(self, actor: Actor, path: str = HOME) -> str:
        """Open a page and answer the token of its Bokeh session."""
        page = await self.get(path, actor)
        assert page.status_code == 200, page.text
        return session_token(page.text)

    def connect(self, token: str, cookie: str | None, **options: Any) -> websockets.connect:
        """A socket to the first dashboard."""
        headers = {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
        return websockets.connect(
            f"ws://{urlsplit(self.url).netloc}{options.pop('path', HOME)}/ws",
            subprotocols=options.pop("subprotocols", ["bokeh", token]),
            origin=options.pop("origin", self.url),
            additional_headers=headers,
            max_size=None,
            **options,
        )

    def sessions(self) -> int:
        """How many Bokeh sessions live."""
        contexts = self.app.state.bokeh._applications.values()
        return sum(len(list(context.sessions)) for context in contexts)


@pytest.fixture(scope="session")
async def site(settings: Settings, database: Database, storage: Storage) -> AsyncIterator[Site]:
    """The house without its worker, on a free port."""
    app = api.create(settings, database, storage)
    dashboards.mount(app, settings, database, storage, unused=UNUSED)
    async with serving(app) as url:
        yield Site(app, url, Tokens(settings.secret_keys))
