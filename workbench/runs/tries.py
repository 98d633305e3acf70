"""Tries: a row for each attempt, beside the run that shows how it stands now."""

from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.permissions import Permission
from workbench.runs.models import Run, RunAttempt


def opened(session: AsyncSession, actor: Actor, run: Run, worker: str | None) -> None:
    """Write down that an attempt has begun."""
    actor.require(Permission.RUN_START)
    session.add(
        RunAttempt(
            id=new_id(),
            tenant_id=run.tenant_id,
            run_id=run.id,
            number=run.attempt,
            worker=worker,
        )
    )


async def closed(
    session: AsyncSession,
    actor: Actor,
    run_id: UUID,
    number: int,
    outcome: str,
    error: str | None = None,
) -> None:
    """Write down how an attempt has ended, unless that is known."""
    actor.require_somewhere(Permission.RUN_START)
    await session.execute(
        update(RunAttempt)
        .where(
            RunAttempt.tenant_id == actor.require_tenant(),
            RunAttempt.run_id == run_id,
            RunAttempt.number == number,
            RunAttempt.ended_at.is_(None),
        )
        .values(ended_at=func.now(), outcome=outcome, error=error)
    )
