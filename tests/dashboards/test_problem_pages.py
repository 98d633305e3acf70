"""What people see in place of a page that is not there, not theirs, or out of order."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import make_url

from dashboards import app as dashboards
from dashboards.home import app as home
from dashboards.visits import Visit
from tests.dashboards.conftest import HOME, Site
from tests.support.serving import serving
from workbench.actor import Actor
from workbench.api import app as api
from workbench.api.problems import MEDIA_TYPE
from workbench.db.session import Database, Logins
from workbench.identity.tokens import Tokens
from workbench.permissions import Permission
from workbench.settings import Settings
from workbench.storage import Storage

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PROGRAM = "application/json"
NOWHERE = "/dashboards/nothing"


@pytest.fixture
async def deserted(settings: Settings, storage: Storage) -> AsyncIterator[Site]:
    """A house whose PostgreSQL does not answer."""
    nobody = make_url("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    database = Database(Logins(nobody, nobody, nobody), "x")
    app = api.create(settings, database, storage)
    dashboards.mount(app, settings, database, storage)
    async with serving(app) as url:
        yield Site(app, url, Tokens(settings.secret_keys))
    await database.close()


def broken(_: Visit) -> Any:
    """Fail as nobody expected."""
    message = "a secret of the house"
    raise RuntimeError(message)


def closed(visit: Visit) -> Any:
    """Fail as an error that everybody knows."""
    visit.actor.require(Permission.PLATFORM_READ)


PAGES: dict[str, dashboards.Page] = {
    "/dashboards/broken": broken,
    "/dashboards/closed": closed,
    HOME: home.page,
}


@pytest.fixture
async def unfinished(
    settings: Settings, database: Database, storage: Storage
) -> AsyncIterator[Site]:
    """A house with pages that fail while they are composed."""
    app = api.create(settings, database, storage)
    dashboards.mount(app, settings, database, storage, pages=PAGES)
    async with serving(app) as url:
        yield Site(app, url, Tokens(settings.secret_keys))


async def test_people_get_a_page(site: Site, actor: Actor) -> None:
    """A browser is told in a sentence, with the request's id and a way on."""
    page = await site.get(NOWHERE, actor, accept=BROWSER)

    assert page.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "There is no page here" in page.text
    assert page.headers["x-request-id"] in page.text
    assert f'href="{HOME}"' in page.text
    assert "Try again" not in page.text


@pytest.mark.parametrize("accept", [PROGRAM, "*/*", f"{MEDIA_TYPE}, text/html;q=0.1"])
async def test_programs_get_the_document(site: Site, actor: Actor, accept: str) -> None:
    """Who does not ask for HTML first gets the problem document as from any address."""
    answer = await site.get(NOWHERE, actor, accept=accept)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["code"] == "not_found"


async def test_the_api_has_no_pages(site: Site) -> None:
    """Elsewhere a browser gets what a program gets."""
    answer = await site.get("/api/v1/nothing", accept=BROWSER)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == MEDIA_TYPE


@pytest.mark.parametrize("accept", [BROWSER, PROGRAM])
async def test_strangers_learn_nothing(site: Site, accept: str) -> None:
    """Who is not signed in is led to the log-in, whether or not there is such a page."""
    for path in (NOWHERE, HOME):
        page = await site.get(path, accept=accept)
        assert page.status_code == 303
        assert page.headers["location"] == f"/login?next={path.replace('/', '%2F')}"


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [(f"{HOME}/", HOME), ("/dashboards/", HOME), ("/dashboards/flights/", "/dashboards/flights")],
)
async def test_a_stray_slash_is_forgiven(
    site: Site, actor: Actor, path: str, leads_to: str
) -> None:
    """A slash too many, or no name at all, leads to a page."""
    page = await site.get(path, actor)

    assert page.status_code == 307
    assert page.headers["location"] == leads_to


async def test_has_strict_headers(site: Site, actor: Actor) -> None:
    """A problem page runs no script, is not kept, and is framed by nobody."""
    page = await site.get("/dashboards/%3Cscript%3Ealert(1)%3C/script%3E", actor, accept=BROWSER)
    policy = page.headers["content-security-policy"]

    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-frame-options"] == "DENY"
    assert "<script" not in page.text
    assert "style=" not in page.text


async def test_a_file_that_is_not_there(site: Site) -> None:
    """The log-in's files are open to everybody, and a missing one is a page as well."""
    assert (await site.get("/login/files/mark.svg", accept=BROWSER)).status_code == 200
    missing = await site.get("/login/files/nothing", accept=BROWSER)

    assert missing.status_code == 404
    assert "There is no page here" in missing.text


async def test_a_wrong_method(site: Site) -> None:
    """The catch-all takes no method from a page."""
    async with httpx.AsyncClient(base_url=site.url, headers={"Accept": BROWSER}) as client:
        answer = await client.post(HOME)

    assert answer.status_code == 405
    assert "does not know this method" in answer.text
    assert "Try again" not in answer.text


async def test_a_refused_address_leads_home(site: Site, actor: Actor) -> None:
    """An address of the first dashboard that is refused leads to the one that is not."""
    page = await site.get(f"{HOME}?bokeh_session_id=chosen", actor, accept=BROWSER)

    assert page.status_code == 422
    assert "makes its own session" in page.text
    assert f'href="{HOME}"' in page.text


@pytest.mark.parametrize("path", [HOME, "/login"])
async def test_without_postgresql(deserted: Site, actor: Actor, path: str) -> None:
    """While PostgreSQL does not answer, people may try again and programs learn when."""
    page = await deserted.get(path, actor, accept=BROWSER)
    answer = await deserted.get(path, actor, accept=PROGRAM)

    assert (page.status_code, answer.status_code) == (503, 503)
    assert 'href="">Try again' in page.text
    assert "Go to Home" not in page.text
    assert page.headers["retry-after"] == answer.headers["retry-after"]
    assert answer.headers["content-type"] == MEDIA_TYPE


async def test_what_nobody_expected(unfinished: Site, actor: Actor) -> None:
    """An unexpected failure is a page with a request id, and says nothing of its cause."""
    page = await unfinished.get("/dashboards/broken", actor, accept=BROWSER)
    answer = await unfinished.get("/dashboards/broken", actor, accept=PROGRAM)

    assert (page.status_code, answer.status_code) == (500, 500)
    assert "Try again" in page.text
    assert f'href="{HOME}"' in page.text
    assert page.headers["x-request-id"] in page.text
    assert "secret" not in page.text + answer.text
    assert (await unfinished.get(HOME, actor, accept=BROWSER)).status_code == 200


async def test_what_is_not_open(unfinished: Site, actor: Actor) -> None:
    """A page that refuses the visitor while it is composed says so, with its status."""
    page = await unfinished.get("/dashboards/closed", actor, accept=BROWSER)

    assert page.status_code == 403
    assert "This is not open to you" in page.text
    assert "platform:read" in page.text
