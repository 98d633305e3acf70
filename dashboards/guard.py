"""The guard: nothing of Panel or Bokeh is reached except by who is signed in.

It is put around every route that Panel and Bokeh add, whatever they add: pages, sockets, and
everything else. Bokeh itself knows neither log-ins nor origins.
"""

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from bokeh.application.handlers.handler import Handler
from bokeh.document import Document
from bokeh.util import token as bokeh_token
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.logins import Logins
from dashboards.visits import Screen, failures, screen, visitor
from workbench.access import queries
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid, Unauthenticated, WorkbenchError
from workbench.identity.tokens import Claims, Tokens
from workbench.permissions import Permission

COOKIE = "workbench_access"
OPEN = frozenset({"", "home", "inbox"})
PLACE_COOKIE = "workbench_place"  # the same, such as `de-CH~Europe/Zurich`
SCREEN_COOKIE = "workbench_screen"  # written by `visit.js`, such as `dark.narrow`
SIGNED_OUT = 4401  # WebSocket close code; `visit.js` leads to the log-in when it sees it
REFUSED = 1008  # before the socket is accepted the server makes it a 403

PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
# What Bokeh may stumble over in a token that it has not signed.
BAD_LOCALE = (AttributeError, TypeError, UnknownLocaleError, ValueError)
BAD_TOKEN = (AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
LOCAL_PATH = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f]*")


def local_path(wanted: str | None, otherwise: str) -> str:
    """The wanted path when it stays on this site, or the other one."""
    return wanted if wanted and LOCAL_PATH.fullmatch(wanted) else otherwise


def with_headers(send: Send, headers: dict[str, str]) -> Send:
    """Set headers on the answer that is sent."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return send_with_headers


@dataclass(frozen=True)
class Door:
    """Tells who is at the door, by the access cookie alone."""

    database: Database
    tokens: Tokens
    logins: Logins
    key: bytes
    clock: Callable[[], datetime]

    async def admit(self, connection: HTTPConnection) -> tuple[Claims, Actor]:
        """Who opens a dashboard; raise Forbidden when a member may not open this one.

        The first, which leads to all others, and one's own inbox are everybody's.
        """
        claims, actor = await self.claims(connection)
        dashboard = connection.url.path.partition("/dashboards/")[2].partition("/")[0]
        if actor.tenant_id is not None and dashboard not in OPEN:
            actor.require(Permission.DASHBOARD_READ, dashboard)
        return claims, actor

    async def claims(self, connection: HTTPConnection) -> tuple[Claims, Actor]:
        """Who asks; raise Unauthenticated unless the cookie's log-in is alive."""
        token = connection.cookies.get(COOKIE)
        if token is None:
            raise Unauthenticated
        claims = self.tokens.read_access(token, self.clock())
        return claims, await queries.actor_of(self.database, claims)

    def check_session(self, token: str, claims: Claims) -> None:
        """Raise Forbidden unless the Bokeh session's token is fresh and made for this login."""
        try:
            is_ours = bokeh_token.check_token_signature(token, self.key, signed=True)
            payload = bokeh_token.get_token_payload(token) if is_ours else {}
        except BAD_TOKEN as error:
            raise Forbidden from error
        is_fresh = payload.get("session_expiry", 0) > self.clock().timestamp()
        if not is_fresh or payload.get("login") != str(claims.sid):
            raise Forbidden


class Binding(Handler):
    """Writes into the signed token of every Bokeh session which log-in it was made for."""

    def modify_document(self, doc: Document) -> None:
        """Leave the document as it is."""

    def process_request(self, request: Any) -> dict[str, Any]:  # noqa: ARG002 (Bokeh's interface)
        """What the token says beside Bokeh's own claims."""
        return {"login": str(visitor.get().sid)}


@dataclass(frozen=True)
class AssetGuard:
    """Lets whoever is signed in have what a page needs."""

    app: ASGIApp
    door: Door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or raise Unauthenticated."""
        _, actor = await self.door.claims(HTTPConnection(scope))
        visitor.set(actor)
        await self.app(scope, receive, send)


@dataclass(frozen=True)
class PageGuard:
    """Opens a page for whoever is signed in, and leads everybody else to the log-in."""

    app: ASGIApp
    door: Door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the page or a redirection; raise what a page raised while it was composed."""
        connection = HTTPConnection(scope)
        try:
            _, actor = await self.door.admit(connection)
        except Unauthenticated:
            await RedirectResponse(login_url(connection), 303, PAGE_HEADERS)(scope, receive, send)
            return
        if "bokeh_session_id" in connection.query_params:
            raise Invalid("A page makes its own session; leave `bokeh_session_id` out.")
        visitor.set(actor)
        screen.set(told_screen(connection))
        failed: list[Exception] = []
        failures.set(failed)

        async def send_unless_failed(message: Message) -> None:
            if not failed:
                await send(message)

        await self.app(scope, receive, with_headers(send_unless_failed, PAGE_HEADERS))
        if failed:
            raise failed[0]


def told_screen(connection: HTTPConnection) -> Screen:
    """What the browser's cookies say of its screen; without them, what its name suggests."""
    told = connection.cookies.get(SCREEN_COOKIE)
    language, _, name = unquote(connection.cookies.get(PLACE_COOKIE, "")).partition("~")
    locale, zone = known_locale(language), known_zone(name)
    if told is None:
        is_narrow = "Mobile" in connection.headers.get("user-agent", "")
        return Screen(is_narrow=is_narrow, locale=locale, zone=zone)
    return Screen("dark" in told, "narrow" in told, locale, zone)


@lru_cache(maxsize=256)
def known_locale(told: str) -> str:
    """The locale of a name such as `de-CH`; English for one that is none."""
    try:
        found = str(Locale.parse(told, sep="-"))
    except BAD_LOCALE:
        return "en"
    return "en" if found.startswith("en_US") else found


@lru_cache(maxsize=256)
def known_zone(told: str) -> tzinfo:
    """The time zone of a name such as `Europe/Zurich`; UTC for one that is none."""
    try:
        return ZoneInfo(told)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def login_url(connection: HTTPConnection) -> str:
    """The log-in that leads back to where the visitor wanted to go."""
    url = connection.url
    wanted = f"{url.path}?{url.query}" if url.query else url.path
    return f"/login?next={quote(wanted, safe='')}"


@dataclass(frozen=True)
class SocketGuard:
    """Accepts a socket of our own pages from the log-in that opened them, while it lasts."""

    app: ASGIApp
    door: Door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse before accepting, or pass messages until the log-in ends."""
        connection = HTTPConnection(scope)
        try:
            check_origin(connection)
            claims, actor = await self.door.admit(connection)
            self.door.check_session(session_token(scope["subprotocols"]), claims)
        except WorkbenchError:
            await send({"type": "websocket.close", "code": REFUSED})
            return
        visitor.set(actor)
        screen.set(told_screen(connection))
        with self.door.logins.held(claims) as ended:
            await until_ended(ended, self.app, scope, receive, send)


def check_origin(connection: HTTPConnection) -> None:
    """Raise Forbidden unless the socket was opened by a page of this very host."""
    origin = connection.headers.get("origin", "")
    if not origin or urlsplit(origin).netloc.lower() != connection.headers.get("host", "").lower():
        raise Forbidden


def session_token(subprotocols: Iterable[str]) -> str:
    """The token that Bokeh's client sends as the second subprotocol."""
    match list(subprotocols):
        case ["bokeh", token]:
            return token
    raise Forbidden


async def until_ended(
    ended: asyncio.Event, app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Run the app on its socket; once the log-in ends, close the socket and let nothing pass."""

    async def close() -> None:
        await ended.wait()
        await send({"type": "websocket.close", "code": SIGNED_OUT, "reason": "signed out"})

    async def receive_until_ended() -> Message:
        incoming = asyncio.ensure_future(receive())
        await asyncio.wait({incoming, closing}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.is_set():
            return await incoming
        incoming.cancel()
        return {"type": "websocket.disconnect", "code": SIGNED_OUT}

    async def send_until_ended(message: Message) -> None:
        if not ended.is_set():
            await send(message)

    closing = asyncio.create_task(close())
    try:
        await app(scope, receive_until_ended, send_until_ended)
    finally:
        closing.cancel()
