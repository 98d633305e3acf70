"""The faults of bokeh-fastapi 0.1.8 that are mended here, each with a test that tells when to stop.

1. A socket that goes away is never told to the application: its sessions live for ever.
2. Messages are sent in several frames without a lock: two at once can interleave.
"""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from bokeh.protocol.message import Message
from bokeh_fastapi.handler import WSHandler
from fastapi import WebSocket

_connect = WSHandler.ws_connect
_send = WSHandler.send_message
_locks: WeakKeyDictionary[Any, asyncio.Lock] = WeakKeyDictionary()


async def connect_and_leave(handler: Any, websocket: WebSocket) -> None:
    """Serve a socket, and tell the application when it is gone."""
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


def mend() -> None:
    """Put the mended methods in place; doing it again changes nothing."""
    WSHandler.ws_connect = connect_and_leave
    WSHandler.send_message = send_whole
