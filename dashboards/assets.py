"""Static files of Bokeh and Panel: compressed once, cached long."""

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tornado.web import HTTPError

from workbench.errors import NotFound

COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg")
SMALL = 1024  # bytes below which compression does not pay
VERSIONED = "private, max-age=31536000, immutable"  # the address holds a hash or a version
OTHER = "private, max-age=3600"
_packed: dict[bytes, bytes] = {}  # by the hash of what is in it, whatever serves it


@dataclass(frozen=True)
class Assets:
    """Adds cache headers to static files and compresses each once, off the event loop."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the file; raise NotFound for a component that Panel does not know."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        try:
            # A path that a server may send by itself would leave us without its bytes.
            await self.app({**scope, "extensions": {}}, receive, keep)
        except HTTPError as error:
            raise NotFound from error
        for message in await self._answer(scope, messages):
            await send(message)

    async def _answer(self, scope: Scope, messages: list[Message]) -> Iterable[Message]:
        start = messages[0]
        headers = MutableHeaders(scope=start)
        headers["Vary"] = "Accept-Encoding, Cookie"
        headers["X-Content-Type-Options"] = "nosniff"
        if start["status"] in {200, 304}:
            is_versioned = b"v=" in scope["query_string"] or "@" in scope["path"]
            headers["Cache-Control"] = VERSIONED if is_versioned else OTHER
        if start["status"] != 200 or not _wants_gzip(scope, headers):  # noqa: PLR2004
            return messages
        body = b"".join(message.get("body", b"") for message in messages[1:])
        packed = await self._compressed(body)
        headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(packed))
        if "etag" in headers:
            headers["ETag"] = f"W/{headers['etag'].removeprefix('W/')}"
        return [start, {"type": "http.response.body", "body": packed}]

    async def _compressed(self, body: bytes) -> bytes:
        key = hashlib.sha256(body).digest()
        if key not in _packed:
            _packed[key] = await anyio.to_thread.run_sync(gzip.compress, body, 6)
        return _packed[key]


def _wants_gzip(scope: Scope, headers: MutableHeaders) -> bool:
    return (
        scope["method"] == "GET"
        and "gzip" in Headers(scope=scope).get("accept-encoding", "")
        and int(headers.get("content-length", 0)) > SMALL
        and headers.get("content-type", "").startswith(COMPRESSIBLE)
    )
