"""Events over a WebSocket: who may listen is asked before it is accepted, and at every look."""

import asyncio
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, WebSocket
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocketDisconnect

from workbench.access import api_tokens
from workbench.access import queries as access
from workbench.api import credentials, limits
from workbench.api.parts import Parts
from workbench.errors import TooMany, Unauthenticated, WorkbenchError
from workbench.events.feed import Feed, listening
from workbench.events.schemas import Opening
from workbench.identity import api_tokens as made
from workbench.identity.tokens import Claims

router = APIRouter(prefix="/api/v1")

REFUSED = 1008  # before the socket is accepted the server makes it a 403
AWAY = 1011
TOO_SLOW = 4408
SIGNED_OUT = 4401
OPENING_SECONDS = 10
CLOSE_SECONDS = 5  # that whoever reads slowly has to hear the last word
MAX_OPENING = 4096


@router.websocket("/events")
async def events(socket: WebSocket) -> None:
    """Tell what happens in the caller's tenant, of what the caller may see."""
    parts: Parts = socket.app.state.parts
    try:
        claims = await _admitted(parts, socket)
    except WorkbenchError:
        await socket.close(REFUSED)
        return
    # Whoever left is told nothing, and who does not read is not waited for.
    with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        await socket.accept()
        code, reason = await _served(parts, socket, claims)
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(code, reason)


async def _admitted(parts: Parts, socket: WebSocket) -> Claims:
    """Whose socket it is; raise unless it is a member's, from no foreign page, within limits."""
    claims = await _claims(parts, socket)
    await parts.limiter.hit(limits.EVERY, "GET /api/v1/events", str(claims.user_id))
    (await access.actor_of(parts.database, claims)).require_tenant()
    return claims


async def _claims(parts: Parts, socket: WebSocket) -> Claims:
    token = credentials.socket_token(socket)
    if not token:
        raise Unauthenticated
    if credentials.is_bearer(socket) and made.is_one(token):
        return await api_tokens.claims_of(parts.database, token, parts.clock())
    return parts.tokens.read_access(token, parts.clock())


async def _served(parts: Parts, socket: WebSocket, claims: Claims) -> tuple[int, str]:
    """Serve a socket until its end, and answer with what to close it."""
    try:
        opening = await _opening(socket)
        async with listening(parts.database, parts.ears, claims, opening) as feed:
            telling = asyncio.create_task(_tell(parts, socket, feed))
            leaving = asyncio.create_task(socket.receive())
            try:
                await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if not telling.done():
                    return REFUSED, "Only the first message is read."
                telling.result()
            finally:
                await _cancelled(telling, leaving)
    except (ValidationError, ValueError, TimeoutError):
        return REFUSED, "Say first where to begin, such as {}."
    except Unauthenticated:
        return SIGNED_OUT, "Sign in again, and resume."
    except TooMany as error:
        return REFUSED, str(error)
    except (SQLAlchemyError, OSError):
        return AWAY, "Resume from the last id."
    return TOO_SLOW, "Resume from the last id, and read faster."


async def _opening(socket: WebSocket) -> Opening:
    async with asyncio.timeout(OPENING_SECONDS):
        said = await socket.receive_text()
    if len(said) > MAX_OPENING:
        raise ValueError
    return Opening.model_validate_json(said)


async def _tell(parts: Parts, socket: WebSocket, feed: Feed) -> None:
    """Send what happens until the token ends, or the reader takes too long."""
    while True:
        happened = await feed.next()
        await _claims(parts, socket)
        for event in happened:
            try:
                async with asyncio.timeout(parts.send_seconds):
                    await socket.send_text(event.model_dump_json())
            except TimeoutError:
                return


async def _cancelled(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
