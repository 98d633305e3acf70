"""The log-in page: open to everybody, and leading nowhere else."""

import re
from urllib.parse import quote

import pytest

from dashboards.guard import local_path
from tests.dashboards.conftest import HOME, Site
from workbench.actor import Actor


async def test_is_open(site: Site) -> None:
    """Everybody gets the page and its files, and nothing in it is inline."""
    page = await site.get("/login")

    assert page.status_code == 200
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    for name in ("login.js", "login.css", "visit.js", "mark.svg"):
        assert (await site.get(f"/login/files/{name}")).status_code == 200


async def test_leads_on_who_is_signed_in(site: Site, actor: Actor) -> None:
    """Nobody signs in twice."""
    page = await site.get("/login?next=/dashboards/flights", actor)

    assert page.status_code == 303
    assert page.headers["location"] == "/dashboards/flights"


async def test_root_leads_to_the_first_dashboard(site: Site) -> None:
    """The bare address is a way in."""
    page = await site.get("/")

    assert page.status_code == 303
    assert page.headers["location"] == HOME


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/a\nSet-Cookie: b=c",
        "dashboards/home",
        "",
        None,
    ],
)
def test_next_stays_here(wanted: str | None) -> None:
    """An address of another site, or none, becomes the first dashboard."""
    assert local_path(wanted, HOME) == HOME


@pytest.mark.parametrize("wanted", ["/dashboards/flights", "/docs?a=b#c", "/"])
def test_next_is_kept(wanted: str) -> None:
    """A path of this site is kept."""
    assert local_path(wanted, HOME) == wanted


@pytest.mark.parametrize("name", ["next", "tenant"])
async def test_what_an_address_says_is_escaped(site: Site, name: str) -> None:
    """A hostile address cannot leave its attribute."""
    page = await site.get(f'/login?{name}=/"><script>alert(1)</script>')

    assert page.status_code == 200
    assert "<script>alert" not in page.text


async def test_a_mail_leads_into_its_tenant(site: Site) -> None:
    """The tenant that the address names is filled in, and none without it."""
    assert 'value="ua"' in (await site.get("/login?tenant=ua")).text
    assert 'value=""' in (await site.get("/login")).text


@pytest.mark.parametrize("path", ["/reset", "/reset/confirm", "/invitation"])
async def test_pages_of_mail_are_open(site: Site, path: str) -> None:
    """What mail leads to opens for everybody, tells no other site, and runs our files alone."""
    page = await site.get(path)

    assert page.status_code == 200
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]
    for file in re.findall(r'(?:src|href)="(/login/files/[^"]+)"', page.text):
        assert (await site.get(file)).status_code == 200, file


async def test_the_login_leads_to_the_reset(site: Site) -> None:
    """Whoever forgot the password finds the way."""
    assert 'href="/reset"' in (await site.get("/login")).text


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        ("", "Your sign-in has ended."),
        ("password_changed", "Your password was changed"),
        ("reused_token", "used from two places"),
        ("signed_out", "Your sign-in has ended."),
        ("<b>Call 0900 1234</b>", "Your sign-in has ended."),
    ],
)
async def test_says_why_one_is_signed_out(site: Site, ended: str, words: str) -> None:
    """A code in the address chooses among fixed sentences, and writes none itself."""
    page = await site.get(f"/login?ended={quote(ended)}")

    assert words in page.text
    assert "0900" not in page.text


async def test_says_nothing_to_who_just_comes(site: Site) -> None:
    """Without the code there is no line."""
    page = await site.get("/login")

    assert "has ended" not in page.text
    assert "was changed" not in page.text
