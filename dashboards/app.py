"""Putting the dashboards onto an app: pages, their sockets and files, the log-in, the guard."""

import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import panel as pn
from bokeh_fastapi import BokehFastAPI
from fastapi import FastAPI
from fastapi.routing import APIRoute
from panel.io.fastapi import add_applications
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, WebSocketRoute

from dashboards import theme, upstream
from dashboards.assets import Assets
from dashboards.audit import app as audit
from dashboards.explore import app as explore
from dashboards.files import app as files
from dashboards.flights import app as flights
from dashboards.gallery import app as gallery
from dashboards.guard import AssetGuard, Binding, Door, PageGuard, SocketGuard
from dashboards.hearing import Hearing
from dashboards.home import app as home
from dashboards.inbox import app as inbox
from dashboards.login import app as login
from dashboards.login.problem import ProblemPages
from dashboards.logins import Logins
from dashboards.operations import app as operations
from dashboards.people import app as people
from dashboards.performance import app as performance
from dashboards.runs import app as runs
from dashboards.sql import app as sql
from dashboards.visits import House, Visit, failures
from workbench.db import keys
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.identity.tokens import Tokens
from workbench.runs.quotas import Quota
from workbench.settings import ROOT, Settings
from workbench.storage import Storage

Page = Callable[[Visit], pn.viewable.Viewable]

PAGES: dict[str, Page] = {
    "/dashboards/home": home.page,
    "/dashboards/explore": explore.page,
    "/dashboards/sql": sql.page,
    "/dashboards/files": files.page,
    "/dashboards/flights": flights.page,
    "/dashboards/runs": runs.page,
    "/dashboards/performance": performance.page,
    "/dashboards/people": people.page,
    "/dashboards/audit": audit.page,
    "/dashboards/operations": operations.page,
    "/dashboards/inbox": inbox.page,
    "/dashboards/gallery": gallery.page,
}
UNUSED = timedelta(seconds=30)  # a page must have opened its socket by then
CHECK_EVERY = timedelta(seconds=2)


def mount(
    app: FastAPI,
    settings: Settings,
    database: Database,
    storage: Storage,
    *,
    unused: timedelta = UNUSED,
    pages: dict[str, Page] | None = None,
) -> None:
    """Add `/login`, every dashboard and what they need, all of it behind the guard."""
    upstream.mend()
    theme.prepare()
    secret = settings.secret_keys[0]
    logins = Logins(database)
    door = Door(
        database,
        Tokens(settings.secret_keys, reread=settings.read_keys),
        logins,
        keys.derive(secret, "bokeh"),
        lambda: datetime.now(UTC),
    )
    login.add(app, door)
    quota = Quota(settings.runs_at_once, settings.runs_waiting, settings.runs_a_day)
    hearing = Hearing(database, app.state.parts.ears)
    house = House(
        database,
        ROOT / "notebooks",
        quota=quota,
        file_limit=settings.file_limit,
        file_quota=settings.file_quota,
        storage=storage,
        limiter=app.state.parts.limiter,
        hearing=hearing,
    )
    known = {id(route) for route in app.router.routes}
    app.state.bokeh = _add_pages(app, pages or PAGES, house, door.key, unused)
    for route in app.router.routes:
        if id(route) not in known:
            _guard(route, door, set(pages or PAGES))
    _refuse_others(app, door, set(pages or PAGES))
    app.add_middleware(ProblemPages)
    _live_with(app, logins, hearing)


def _add_pages(
    app: FastAPI, pages: dict[str, Page], house: House, key: bytes, unused: timedelta
) -> BokehFastAPI:
    def opened(page: Page) -> Callable[[], pn.viewable.Viewable]:
        def compose() -> pn.viewable.Viewable:
            try:
                return page(Visit.begin(house))
            except Exception as error:
                failures.get().append(error)
                raise

        return compose

    application = add_applications(
        {path: opened(page) for path, page in pages.items()},
        app=app,
        sign_sessions=True,
        secret_key=key,
        include_headers=[],
        include_cookies=[],
        unused_session_lifetime_milliseconds=int(unused.total_seconds() * 1000),
        check_unused_sessions_milliseconds=int(CHECK_EVERY.total_seconds() * 1000),
    )
    for context in application._applications.values():  # noqa: SLF001 (there is no other way in)
        context.application.add(Binding())
    return application


def _guard(route: BaseRoute, door: Door, pages: set[str]) -> None:
    """Put the guard around one route; what is not known is guarded as an asset."""
    guarded: Any = route
    if isinstance(route, WebSocketRoute):
        guarded.app = SocketGuard(guarded.app, door)
    elif guarded.path in pages:
        guarded.app = PageGuard(guarded.app, door)
    else:
        guarded.app = AssetGuard(Assets(guarded.app), door)
    if isinstance(route, APIRoute):
        route.include_in_schema = False


def _refuse_others(app: FastAPI, door: Door, pages: set[str]) -> None:
    """Answer what is no page: strangers are led to the log-in as from any page."""

    async def nowhere(request: Request) -> Response:
        path = request.url.path.rstrip("/")
        if path == "/dashboards" or path in pages:
            return RedirectResponse(path if path in pages else login.HOME, 307)
        raise NotFound

    app.add_route("/dashboards/{path:path}", nowhere, include_in_schema=False)
    _guard(app.router.routes[-1], door, {"/dashboards/{path:path}"})


def _live_with(app: FastAPI, logins: Logins, hearing: Hearing) -> None:
    """Watch the log-ins for as long as the app runs, and then listen no more."""
    inner = app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(running: Any) -> AsyncIterator[Any]:
        async with inner(running) as state, logins.watched(), contextlib.aclosing(hearing):
            yield state

    app.router.lifespan_context = lifespan
