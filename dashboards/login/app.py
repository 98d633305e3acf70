"""The log-in, the pages that mail leads to, and their files: all that everybody may fetch."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from dashboards.guard import PAGE_HEADERS, Door, local_path
from workbench.errors import Unauthenticated

HERE = Path(__file__).parent
PATH = "/login"
HOME = "/dashboards/home"
TEMPLATES = Environment(loader=FileSystemLoader(HERE), autoescape=True)
# What the page says when a log-in has ended, by the code in its address and never in its words.
ENDED = {
    "": "Your sign-in has ended. Sign in again to go on.",
    "password_changed": "Your password was changed, so you were signed out here. "
    "Sign in with the new one.",
    "reused_token": "Your sign-in was used from two places, so somebody else may have had a copy "
    "of it. It was ended to protect you: sign in again, and change your password.",
}
HEADERS = PAGE_HEADERS | {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
}
# The pages that links in mail lead to; their tokens come in the fragment, which no server sees.
MAIL_PAGES = {
    "/invitation": "invitation.html",
    "/reset": "reset.html",
    "/reset/confirm": "reset_confirm.html",
}
MAIL_HEADERS = HEADERS | {"Referrer-Policy": "no-referrer"}


def add(app: FastAPI, door: Door) -> None:
    """Put `/login` and its files onto the app, and lead from `/` to the first dashboard."""

    async def login(request: Request) -> Response:
        return await page(request, door)

    async def root(_: Request) -> Response:
        return RedirectResponse(HOME, 303)

    app.add_route("/", root, include_in_schema=False)
    app.add_route(PATH, login, include_in_schema=False)
    for path, template in MAIL_PAGES.items():
        app.add_route(path, _plain(template), include_in_schema=False)
    app.mount("/login/files", StaticFiles(directory=HERE / "files"), name="login files")


def _plain(template: str) -> Callable[[Request], Awaitable[Response]]:
    async def show(_: Request) -> Response:
        return HTMLResponse(TEMPLATES.get_template(template).render(), headers=MAIL_HEADERS)

    return show


async def page(request: Request, door: Door) -> Response:
    """Show the log-in, or lead on whoever is signed in already."""
    wanted = local_path(request.query_params.get("next"), HOME)
    try:
        await door.claims(request)
    except Unauthenticated:
        template = TEMPLATES.get_template("login.html")
        code = request.query_params.get("ended")
        # A mail leads into its own tenant.
        slug = request.query_params.get("tenant", "")
        ended = None if code is None else ENDED.get(code, ENDED[""])
        return HTMLResponse(template.render(next=wanted, ended=ended, tenant=slug), headers=HEADERS)
    return RedirectResponse(wanted, 303, HEADERS)
