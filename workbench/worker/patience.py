"""Patience: what is to be written while PostgreSQL restarts is written when it is back."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

TRIES = 40
PAUSE_SECONDS = 0.5


async def patiently(write: Callable[[], Awaitable[None]]) -> None:
    """Write, and again for some seconds while no connection can be had; raise the last error."""
    for _ in range(TRIES):
        try:
            return await write()
        except (InterfaceError, OperationalError, PoolTimeout):
            await asyncio.sleep(PAUSE_SECONDS)
    return await write()
