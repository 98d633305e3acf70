"""Ad-hoc SQL with its audit: who asked what, and how it ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import sql
from workbench.datasets.sql import SqlResult
from workbench.db.session import Database
from workbench.errors import TooMany, WorkbenchError
from workbench.permissions import Permission

TIMEOUT = timedelta(seconds=30)
SLOTS = 2  # statements of one tenant that run at once in one process
PATIENCE = timedelta(seconds=5)

_slots: WeakValueDictionary[UUID, asyncio.Semaphore] = WeakValueDictionary()


async def run_sql(
    database: Database,
    actor: Actor,
    statement: str,
    *,
    limit: int = 1000,
    timeout: timedelta = TIMEOUT,  # noqa: ASYNC109 (PostgreSQL is told as well)
) -> SqlResult:
    """Run one statement as the reader, and note it in the audit before the answer leaves.

    The reader can write nothing, so the entry is made in a session of its own, also for a
    statement that was refused or failed.
    """
    actor.require(Permission.SQL_RUN)
    try:
        async with _slot(actor.require_tenant()), database.reading(actor) as session:
            result = await sql.run(session, actor, statement, limit=limit, timeout=timeout)
    except WorkbenchError as error:
        await _note(database, actor, statement, outcome=error.code)
        raise
    except asyncio.CancelledError:
        await asyncio.shield(_note(database, actor, statement, outcome="cancelled"))
        raise
    await _note(
        database,
        actor,
        statement,
        outcome="succeeded",
        rows=len(result.rows),
        elapsed_ms=result.elapsed_ms,
    )
    return result


@asynccontextmanager
async def _slot(tenant_id: UUID) -> AsyncIterator[None]:
    """Hold one of the tenant's slots; raise TooMany when none gets free in time."""
    slots = _slots.setdefault(tenant_id, asyncio.Semaphore(SLOTS))
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await slots.acquire()
    except TimeoutError:
        raise TooMany("Your tenant's other statements still run; try again later.") from None
    try:
        yield
    finally:
        slots.release()


async def _note(
    database: Database, actor: Actor, statement: str, *, outcome: str, **figures: Any
) -> None:
    text = audit.kept(statement)
    async with database.session(actor) as session:
        audit.record(session, actor, "sql.run", "sql", text=text, outcome=outcome, **figures)
