"""Work on a reader's connection that is watched from outside, and ended in PostgreSQL itself.

The statement's own timeout is PostgreSQL's promise; this is for what escapes it, and for callers
who are gone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets.sql import Asked
from workbench.datasets.sql_errors import SqlCancelled, SqlTimeout
from workbench.db import backends
from workbench.db.session import Database, label

WATCHDOG = timedelta(seconds=1)  # after which what outlives PostgreSQL's own timeout is ended
GRACE = timedelta(seconds=3)  # to come back, once nothing runs any more
PAUSE = 0.05
ENDED = (
    psycopg.errors.QueryCanceled,
    psycopg.errors.AdminShutdown,
    asyncio.CancelledError,
)

T = TypeVar("T")
Work = Callable[[AsyncSession], Awaitable[T]]


async def watched(database: Database, actor: Actor, asked: Asked, work: Work[T]) -> T:
    """Await the work; when its time is over, or nobody waits any more, end it in PostgreSQL."""

    async def read() -> T:
        async with database.reading(actor) as session:
            return await work(session)

    clock = asyncio.get_running_loop().time
    until = clock() + asked.timeout.total_seconds()
    running = asyncio.create_task(read())
    try:
        done, _ = await asyncio.wait({running}, timeout=(asked.timeout + WATCHDOG).total_seconds())
        if not done:
            await _end(database, actor, asked, running)
    except asyncio.CancelledError:
        await asyncio.shield(_end(database, actor, asked, running))
        raise
    return _result(running, asked, is_late=not done or clock() >= until)


async def _end(
    database: Database, actor: Actor, asked: Asked, running: "asyncio.Task[Any]"
) -> None:
    clock = asyncio.get_running_loop().time
    until = clock() + (backends.POLITE + GRACE).total_seconds()
    while not running.done() and clock() < until:
        await backends.end(database, label(actor, asked.id))
        await asyncio.wait({running}, timeout=PAUSE)
    running.cancel()
    await asyncio.wait({running})
    if not running.cancelled():
        running.exception()  # whatever it was, it has been ended


def _result(running: "asyncio.Task[T]", asked: Asked, *, is_late: bool) -> T:
    try:
        return running.result()
    except (psycopg.Error, DBAPIError, asyncio.CancelledError) as error:
        if not isinstance(getattr(error, "orig", error), ENDED):
            raise
        if is_late:
            seconds = f"{asked.timeout.total_seconds():g}"
            raise SqlTimeout(f"The statement took longer than {seconds} s.") from None
        raise SqlCancelled from None
