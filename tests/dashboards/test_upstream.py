"""The faults that are mended: each test of a fault fails once upstream has mended it itself."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import panel as pn
import panel_material_ui as pmui
import pytest
import websockets
from bokeh.protocol import Protocol
from bokeh.util.token import generate_jwt_token, generate_session_id
from bokeh_fastapi import BokehFastAPI
from bokeh_fastapi.handler import WSHandler
from fastapi import FastAPI
from panel.io.fastapi import add_applications

from dashboards import upstream
from tests.dashboards.conftest import session_token
from tests.support.serving import serving


class Unmended(WSHandler):  # type: ignore[misc]
    """The handler as upstream ships it."""

    ws_connect = upstream._connect


class Socket:
    """A socket that sends slowly and remembers what it sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.application_state = type("State", (), {"name": "CONNECTED"})

    async def send_text(self, text: str) -> None:
        """Let others go first, then send."""
        await asyncio.sleep(0)
        self.sent.append(text)


@pytest.fixture
def served() -> tuple[FastAPI, BokehFastAPI]:
    """An empty document, once behind the mended handler and once behind upstream's."""
    upstream.mend()
    app = FastAPI()
    bokeh = add_applications(
        {"/mended": lambda: pn.pane.Markdown("Hello")}, app=app, location=False
    )
    context = bokeh._applications["/mended"]
    handler = Unmended.create_factory(bokeh, application_context=context)
    app.add_api_websocket_route("/unmended/ws", handler)
    return app, bokeh


@asynccontextmanager
async def opened(
    app: FastAPI, path: str, token: str | None = None
) -> AsyncIterator[websockets.ClientConnection]:
    """Load a page and open its socket; with a `token`, no page is loaded before."""
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as client:
        token = token or session_token((await client.get("/mended")).text)
        protocols = [websockets.Subprotocol("bokeh"), websockets.Subprotocol(token)]
        address = f"{url.replace('http', 'ws')}{path}/ws"
        async with websockets.connect(address, subprotocols=protocols) as socket:
            assert "ACK" in str(await socket.recv())
            yield socket


async def visit(app: FastAPI, path: str, token: str | None = None) -> None:
    """Open a socket and go away."""
    async with opened(app, path, token):
        pass


class TestDisconnect:
    """A socket that goes away."""

    async def test_is_not_noticed_by_upstream(self, served: tuple[FastAPI, BokehFastAPI]) -> None:
        """Upstream keeps the connection, and with it the session, for ever."""
        app, bokeh = served
        await visit(app, "/unmended")

        assert len(bokeh._clients) == 1

    async def test_is_noticed(self, served: tuple[FastAPI, BokehFastAPI]) -> None:
        """Mended, nothing is kept."""
        app, bokeh = served
        await visit(app, "/mended")

        assert not bokeh._clients


def old_token() -> str:
    """The token of a session that is not there."""
    payload: dict[str, dict[str, str]] = {"headers": {}, "cookies": {}, "arguments": {}}
    return str(generate_jwt_token(generate_session_id(), extra_payload=payload))


class TestGone:
    """A socket whose page was loaded long ago."""

    async def test_makes_a_session_upstream(self, served: tuple[FastAPI, BokehFastAPI]) -> None:
        """Upstream accepts it, and Panel makes the page of a request that lacks an address."""
        app, bokeh = served
        await visit(app, "/unmended", old_token())

        assert len(bokeh._clients) == 1

    async def test_is_refused(self, served: tuple[FastAPI, BokehFastAPI]) -> None:
        """Mended, it is refused, so that the page is loaded again."""
        app, bokeh = served
        with pytest.raises(websockets.InvalidStatus):
            await visit(app, "/mended", old_token())

        assert not bokeh._clients


class TestSlowness:
    """A browser that takes its time."""

    async def test_is_known(self, served: tuple[FastAPI, BokehFastAPI]) -> None:
        """While a message is on its way its document is not drawn again; afterwards it may be."""
        app, bokeh = served
        async with opened(app, "/mended"):
            [session] = bokeh._applications["/mended"].sessions
            [connection] = session._subscribed_connections
            async with upstream._locks[connection._socket]:
                assert upstream.is_sending(session.document)
            assert not upstream.is_sending(session.document)


class TestSending:
    """Two messages at once."""

    async def test_are_mixed_by_upstream(self) -> None:
        """Upstream puts the frames of one message between those of the other."""
        sent, whole = await send_two(upstream._send)

        assert sorted(sent) == sorted(whole)
        assert sent != whole

    async def test_are_sent_whole(self) -> None:
        """Mended, one message is sent after the other."""
        sent, whole = await send_two(upstream.send_whole)

        assert sent == whole


async def send_two(send: Any) -> tuple[list[str], list[str]]:
    """Send two messages at the same time; answer their frames as sent, and as they should be."""
    handler = WSHandler(None, None)
    handler._socket = Socket()
    messages = [Protocol().create("ACK") for _ in range(2)]
    await asyncio.gather(*(send(handler, message) for message in messages))
    whole = [
        text
        for message in messages
        for text in (message.header_json, message.metadata_json, message.content_json)
    ]
    return handler._socket.sent, whole


class TestPages:
    """A page that nobody looks at any more."""

    def test_are_kept_by_upstream(self) -> None:
        """Upstream's page is held by the state that all visits share."""
        page = weakref.ref(pmui.Page())
        gc.collect()

        assert page() is not None

    def test_go(self) -> None:
        """Mended, nothing holds it."""
        page = pmui.Page()
        upstream.release(page)
        gone = weakref.ref(page)
        del page
        gc.collect()

        assert gone() is None
