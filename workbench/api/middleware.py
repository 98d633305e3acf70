"""What happens to every request before any route: its id, host and size, and its log line."""

import re
import time
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote_plus
from uuid import uuid4

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbench import logs
from workbench.api import problems
from workbench.api.limits import Standing
from workbench.api.metrics import Metrics

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
MAX_BODY = 1024 * 1024
MAX_UPLOAD = 2 * 1024**3
UPLOAD_PATH = re.compile(
    r"/api/v1/(datasets/[^/]+/imports|imports/preview|files|files/uploads/[^/]+)"
)
NO_STORE_PATH = re.compile(r"/(api|health|metrics)(/|$)")

IN_ADDRESS = "A token in an address is read by many; revoke it, and send another as a header."

log = structlog.stdlib.get_logger("workbench.access_log")


class Recorded:
    """Gives every request an id, answers what nobody caught, and writes the access line."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        """Wrap an application; the figures of each request go to `metrics`."""
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        structlog.contextvars.clear_contextvars()
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _mark(scope, MutableHeaders(scope=message))
            await send(message)

        try:
            await self.app(scope, receive, send_marked)
        except Exception as error:
            if status:  # too late to answer: the connection breaks off
                problems.unexpected(Request(scope), error)
                raise
            await problems.answer(Request(scope), error)(scope, receive, send_marked)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", "other")
        self.metrics.note(scope["method"], route, status, seconds)
        claims = scope["state"].get("claims")
        log.info(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            duration_ms=round(seconds * 1000, 1),
            tenant=str(claims.tenant_id) if claims else None,
            user=str(claims.user_id) if claims else None,
        )


class Guarded:
    """Refuses foreign hosts and bodies that are too large, before anything reads them."""

    def __init__(
        self, app: ASGIApp, *, hosts: Collection[str] = (), upload: int = MAX_UPLOAD
    ) -> None:
        """Wrap an application; without `hosts` it answers to every name.

        A body that brings a file may have `upload` bytes, and what a form adds to it.
        """
        self.app = app
        self.upload = upload + MAX_BODY
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, if its host and size are right."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self.hosts and _name(headers.get("host", "")) not in self.hosts:
            raise HTTPException(400, "This server does not answer to this name.")
        if logs.holds_api_token(f"{scope['path']}?{unquote_plus(_query(scope))}"):
            raise HTTPException(400, IN_ADDRESS)
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        most = self.upload if UPLOAD_PATH.fullmatch(scope["path"]) else MAX_BODY
        if _length(headers) > most:
            raise HTTPException(413)
        await self.app(scope, _counted(receive, most), send)


def _counted(receive: Receive, most: int) -> Receive:
    read = 0

    async def receive_counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise HTTPException(413)
        return message

    return receive_counted


def _length(headers: Headers) -> int:
    value = headers.get("content-length", "0")
    if not value.isascii() or not value.isdigit():
        raise HTTPException(400, "The length of the body is not a number.")
    return int(value[:20])


def _query(scope: Scope) -> str:
    query: bytes = scope.get("query_string", b"")
    return query.decode("latin-1")


def _name(host: str) -> str:
    return host.rpartition(":")[0].lower() if re.search(r":\d+$", host) else host.lower()


def _mark(scope: Scope, headers: MutableHeaders) -> None:
    state: dict[str, Any] = scope["state"]
    headers["X-Request-ID"] = state["request_id"]
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "same-origin")
    if NO_STORE_PATH.match(scope["path"]):
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    standing: Standing | None = state.get("standing")
    if standing is not None:
        headers["RateLimit-Policy"] = standing.policy
        headers["RateLimit"] = standing.now
