"""The faults of bokeh-fastapi 0.1.8 and panel-material-ui 0.16, mended here as long as they last.

1. A socket that goes away is never told to the application: its sessions live for ever.
2. Messages are sent in several frames without a lock: two at once can interleave.
3. Every page follows `panel.state.busy`, and so that state holds every page ever opened.
4. A socket that comes when its page's session is gone makes another, for which no page can be made.
"""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

import panel_material_ui as pmui
from bokeh.document import Document
from bokeh.protocol.exceptions import ProtocolError
from bokeh.protocol.message import Message
from bokeh.util.token import get_session_id
from bokeh_fastapi.handler import WSHandler
from fastapi import WebSocket

GONE = 4404  # what a socket is closed with whose page has to be loaded again

_connect = WSHandler.ws_connect
_send = WSHandler.send_message
_locks: WeakKeyDictionary[Any, asyncio.Lock] = WeakKeyDictionary()


async def connect_and_leave(handler: Any, websocket: WebSocket) -> None:
    """Serve a socket of a session that is there, and tell the application when it is gone."""
    try:
        handler.application_context.get_session(get_session_id(websocket.scope["subprotocols"][1]))
    except ProtocolError:
        await websocket.close(GONE)
        return
    try:
        await _connect(handler, websocket)
    finally:
        if handler.connection is not None:
            handler.application.client_lost(handler.connection)


async def send_whole(handler: Any, message: Message[Any]) -> int:
    """Send the frames of one message before those of the next."""
    async with _locks.setdefault(handler, asyncio.Lock()):
        sent: int = await _send(handler, message)
        return sent


def is_sending(document: Document) -> bool:
    """Whether a browser of a document has yet to take what was sent to it."""
    session = getattr(document.session_context, "_session", None)
    connections = getattr(session, "_subscribed_connections", ())  # Bokeh has no public way
    sockets = [getattr(connection, "_socket", None) for connection in connections]
    return any(_locks[socket].locked() for socket in sockets if socket in _locks)


def release(page: pmui.Page) -> None:
    """Cut a page's reference to the state that all visits share, which would keep it for ever."""
    kept = page._param__private.ref_watchers  # noqa: SLF001 (param has no public way)
    for _, watcher in kept:
        watcher.inst.param.unwatch(watcher)
    kept.clear()


def mend() -> None:
    """Put the mended methods in place; doing it again changes nothing."""
    WSHandler.ws_connect = connect_and_leave
    WSHandler.send_message = send_whole
