"""Dashboards are for people: an API token opens no page, no file and no socket."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import websockets

from dashboards.guard import COOKIE
from tests.dashboards.conftest import HOME, Site
from workbench.access import api_tokens
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.permissions import PERSONAL

pytestmark = pytest.mark.acts_as("engineer")


@pytest.fixture
async def token(database: Database, actor: Actor) -> str:
    """An engineer's token that holds all that a token may."""
    now = datetime.now(UTC)
    async with database.session(actor) as session:
        _, text = await api_tokens.create(
            session, actor, name="x", scope=actor.permissions - PERSONAL,
            expires_at=now + timedelta(days=1), now=now,
        )  # fmt: skip
    return text


@pytest.mark.parametrize("place", ["authorization", "cookie"])
async def test_no_page_and_no_file(site: Site, actor: Actor, token: str, place: str) -> None:
    """A page leads to the log-in and a file is refused, while the API serves the same token."""
    headers = {
        "authorization": {"Authorization": f"Bearer {token}"},
        "cookie": {"Cookie": f"{COOKIE}={token}"},
    }[place]
    async with httpx.AsyncClient(base_url=site.url) as browser:
        page = await browser.get(HOME, headers=headers)
        assert (page.status_code, page.headers["location"][:6]) == (303, "/login")
        assert (await browser.get("/static/js/bokeh.min.js", headers=headers)).status_code == 401
        bearer = {"Authorization": f"Bearer {token}"}
        assert (await browser.get("/api/v1/auth/me", headers=bearer)).status_code == 200
    assert (await site.get(HOME, actor)).status_code == 200


async def test_no_socket(site: Site, actor: Actor, token: str) -> None:
    """Not even with the Bokeh session of its own maker, whom the same socket lets in."""
    page = await site.token(actor)
    with pytest.raises(websockets.InvalidStatus, match="403"):
        await site.connect(page, token)
    async with site.connect(page, site.cookie(actor)) as socket:
        assert await socket.recv()
