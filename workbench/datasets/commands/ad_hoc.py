"""Ad-hoc SQL with its slot, its watchdog and its audit: who asked what, and how it ended."""

import asyncio
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import claims, queries, sql, sql_plan
from workbench.datasets.sql import Asked, SqlResult
from workbench.datasets.sql_errors import StatementNotFound
from workbench.datasets.sql_models import Statement
from workbench.datasets.sql_plan import Plan
from workbench.datasets.watchdog import Work, watched
from workbench.db import backends
from workbench.db.session import Database, label
from workbench.errors import WorkbenchError
from workbench.permissions import Permission

TIMEOUT = timedelta(seconds=30)
GIVING_UP = timedelta(seconds=5)  # after which a statement counts as one that does not end
PAUSE = 0.05

T = TypeVar("T")


async def run_sql(
    database: Database,
    actor: Actor,
    statement: str | Asked,
    *,
    limit: int = 1000,
    timeout: timedelta = TIMEOUT,  # noqa: ASYNC109 (PostgreSQL is told as well)
) -> SqlResult:
    """Run one statement as the reader, and note it in the audit before the answer leaves.

    The reader can write nothing, so the entry is made in a session of its own, also for a
    statement that was refused or failed. `Asked` brings parameters and an id, the handle by which
    `cancel_sql` ends it, in this process or another; cancelling the task that awaits it does too.
    """
    actor.require(Permission.SQL_RUN)
    asked = (
        Asked(statement, limit=limit, timeout=timeout) if isinstance(statement, str) else statement
    )
    return await _held(database, actor, asked, lambda session: sql.run(session, actor, asked))


async def explain_sql(
    database: Database, actor: Actor, asked: Asked, *, analyze: bool = False
) -> Plan:
    """The plan of one statement as a tree; `analyze` runs it, under the same caps, to measure."""
    actor.require(Permission.SQL_RUN)

    async def work(session: AsyncSession) -> Plan:
        return await sql_plan.explain(session, actor, asked, analyze=analyze)

    return await _held(database, actor, asked, work)


async def cancel_sql(database: Database, actor: Actor, statement_id: UUID) -> Statement:
    """End one of the actor's own statements, whichever process runs it; answer how it ended."""
    actor.require(Permission.SQL_RUN)
    clock = asyncio.get_running_loop().time
    until = clock() + GIVING_UP.total_seconds()
    found = await _statement(database, actor, statement_id)
    while found.ended_at is None and clock() < until:
        # It may have begun without bearing its label yet, so this is tried until it has ended.
        await backends.end(database, label(actor, statement_id))
        await asyncio.sleep(PAUSE)
        found = await _statement(database, actor, statement_id)
    async with database.session(actor) as session:
        audit.record(session, actor, "sql.cancel", f"statement {statement_id}")
    return found


async def _statement(database: Database, actor: Actor, statement_id: UUID) -> Statement:
    async with database.session(actor) as session:
        found = await session.scalar(queries.statement(actor, statement_id))
    if found is None:
        raise StatementNotFound
    return found


async def _held(database: Database, actor: Actor, asked: Asked, work: Work[T]) -> T:
    """Do the work of a statement in a slot, and note how it ended."""
    await claims.claim(database, actor, asked)
    try:
        result = await watched(database, actor, asked, work)
    except WorkbenchError as error:
        await _note(database, actor, asked, error.code)
        raise
    except BaseException as error:
        outcome = "cancelled" if isinstance(error, asyncio.CancelledError) else "failed"
        await asyncio.shield(_note(database, actor, asked, outcome))
        raise
    figures: dict[str, Any] = {"elapsed_ms": getattr(result, "elapsed_ms", None)}
    if isinstance(result, SqlResult):
        figures["rows"] = len(result.rows)
    await _note(database, actor, asked, "succeeded", **figures)
    return result


async def _note(
    database: Database,
    actor: Actor,
    asked: Asked,
    outcome: str,
    *,
    rows: int | None = None,
    elapsed_ms: float | None = None,
) -> None:
    text = audit.kept(asked.sql)
    figures: dict[str, Any] = {"rows": rows, "elapsed_ms": elapsed_ms}
    known = {name: value for name, value in figures.items() if value is not None}
    async with database.session(actor) as session:
        await claims.finish(session, actor, asked, outcome, rows=rows, elapsed_ms=elapsed_ms)
        audit.record(session, actor, "sql.run", "sql", text=text, outcome=outcome, **known)
