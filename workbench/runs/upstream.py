"""Runs that wait for others: they start when all of those succeeded, and are skipped otherwise.

What a run waits for was ordered before it, so that no two wait for each other.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.errors import Detail, Invalid
from workbench.permissions import Permission
from workbench.runs import queries, states
from workbench.runs.models import Run
from workbench.runs.schemas import Status

BARRED = text("select tenant_id, id from workbench.runs_barred(:most)")
BAD = (Status.FAILED, Status.CANCELLED, Status.TIMED_OUT, Status.SKIPPED)


class UnknownRun(Invalid):
    """There is no such run to wait for."""

    code = "unknown_run"


async def require_known(session: AsyncSession, actor: Actor, after: Collection[UUID]) -> None:
    """Raise UnknownRun when the actor cannot see a run that is to be waited for."""
    if not after:
        return
    known = {run.id for run in await session.scalars(queries.some(actor, after))}
    if unknown := sorted(set(after) - known):
        raise UnknownRun(details=[Detail("after", f"There is no run {id_}.") for id_ in unknown])


async def are_done(session: AsyncSession, actor: Actor, run: Run) -> bool:
    """Whether all runs that one waits for have succeeded."""
    actor.require_somewhere(Permission.RUN_READ)
    if not run.after:
        return True
    others = queries.some(actor, run.after).where(Run.status != Status.SUCCEEDED).limit(1)
    return (await session.scalars(others)).first() is None


async def call(session: AsyncSession, actor: Actor, run_id: UUID) -> None:
    """Bid workers to look at what may wait for a run that has succeeded."""
    actor.require(Permission.RUN_START)
    waiting = select(Run).where(
        Run.tenant_id == actor.require_tenant(),
        Run.status == Status.QUEUED,
        Run.after != [],
        Run.after.contains([run_id]),
    )
    for run in await session.scalars(waiting):
        await states.enqueue(session, run)


async def barred(session: AsyncSession, most: int) -> list[tuple[UUID, UUID]]:
    """The tenant and id of runs that wait for one which has not succeeded."""
    rows = await session.execute(BARRED, {"most": most})
    return [(row.tenant_id, row.id) for row in rows]


async def skip(session: AsyncSession, actor: Actor, run_id: UUID, now: datetime) -> bool:
    """End a run without starting it, since one that it waits for has not succeeded."""
    actor.require(Permission.RUN_START)
    run = await states.move(session, actor, run_id, (Status.QUEUED,), {})
    if run is None:
        return False
    bad = queries.some(actor, run.after).where(Run.status.in_(BAD)).order_by(Run.id).limit(1)
    first = (await session.scalars(bad.execution_options(include_deleted=True))).first()
    if first is None:  # somebody has ordered it again meanwhile
        return False
    run.status, run.finished_at = Status.SKIPPED, now
    run.error = f"It waited for run {first.id} of {first.notebook}, which has {_word(first)}."
    await session.flush()
    audit.record(session, actor, "run.skip", str(run_id), run_id=run_id, upstream=str(first.id))
    await states.tell(session, actor, run_id, "run.finished")
    return True


def _word(run: Run) -> str:
    return {
        Status.FAILED: "failed",
        Status.CANCELLED: "been cancelled",
        Status.TIMED_OUT: "timed out",
        Status.SKIPPED: "been skipped",
    }[Status(run.status)]
