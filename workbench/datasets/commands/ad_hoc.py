"""Ad-hoc SQL with its audit: who asked what, and how it ended."""

import asyncio
from datetime import timedelta
from typing import Any

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import sql
from workbench.datasets.slots import Slots
from workbench.datasets.sql import SqlResult
from workbench.db.session import Database
from workbench.errors import WorkbenchError
from workbench.permissions import Permission

TIMEOUT = timedelta(seconds=30)
SLOTS = Slots(2, "Your tenant's other statements still run; try again later.")


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
        async with SLOTS.one(actor.require_tenant()), database.reading(actor) as session:
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


async def _note(
    database: Database, actor: Actor, statement: str, *, outcome: str, **figures: Any
) -> None:
    text = audit.kept(statement)
    async with database.session(actor) as session:
        audit.record(session, actor, "sql.run", "sql", text=text, outcome=outcome, **figures)
