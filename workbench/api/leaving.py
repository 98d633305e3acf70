"""Work for a caller who may leave: when the connection is gone, the work is cancelled."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from fastapi import Request

from workbench.errors import Conflict

T = TypeVar("T")


class Left(Conflict):
    """Nobody waits for the answer any more."""

    code = "left"


async def while_there(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do some work while the caller is connected; cancel it, and wait for its end, otherwise."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        is_left = not working.done()
        if is_left:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.shield(asyncio.wait({working}))
    if is_left and working.cancelled():
        raise Left
    return working.result()


async def _left(request: Request) -> None:
    # The body has been read: what comes next can only be the end of the connection.
    while (await request.receive())["type"] != "http.disconnect":
        pass
