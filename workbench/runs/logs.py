"""The log of a run: the end of what it printed, and how much that was."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import forgetting
from workbench.db.ids import new_id
from workbench.permissions import Permission
from workbench.runs import queries
from workbench.runs.models import Run, RunLog
from workbench.runs.schemas import LogView

MOST = 64 * 1024  # characters that are kept of a run


async def append(session: AsyncSession, actor: Actor, run_id: UUID, text: str) -> None:
    """Add to what a run printed; only within a transaction that has fenced its attempt."""
    actor.require(Permission.RUN_START)
    key = {"tenant_id": actor.require_tenant(), "run_id": run_id}
    added = {
        "said": RunLog.said + len(text),
        "tail": func.right(RunLog.tail.concat(text), MOST),
    }
    await session.execute(
        insert(RunLog)
        .values(id=new_id(), **key, said=len(text), tail=text[-MOST:])
        .on_conflict_do_update(index_elements=list(key), set_=added)
    )


async def clear(session: AsyncSession, actor: Actor, run_id: UUID) -> None:
    """Forget what the attempts before printed; positions go on."""
    actor.require(Permission.RUN_START)
    await session.execute(
        update(RunLog)
        .where(RunLog.tenant_id == actor.require_tenant(), RunLog.run_id == run_id)
        .values(tail="")
    )


def note(session: AsyncSession, actor: Actor, run_id: UUID) -> None:
    """Note in the audit that the actor reads what a run printed."""
    actor.require_somewhere(Permission.RUN_READ)
    audit.record(session, actor, "log.read", f"run {run_id}", run_id=run_id)


async def forget(session: AsyncSession, actor: Actor, before: datetime) -> int:
    """Forget what some runs printed that ended before a time; answer how many runs."""
    actor.require(Permission.RUN_START)
    tenant_id = actor.require_tenant()
    ended = exists().where(
        Run.tenant_id == RunLog.tenant_id, Run.id == RunLog.run_id, Run.finished_at < before
    )
    return await forgetting.forget(session, RunLog, RunLog.tenant_id == tenant_id, ended)


async def read(session: AsyncSession, actor: Actor, run_id: UUID, after: int) -> LogView:
    """What a run printed after a position, as far as it is kept."""
    actor.require_somewhere(Permission.RUN_READ)
    log = await session.scalar(queries.log(actor, run_id))
    if log is None:
        return LogView(text="", position=0, is_cut=False)
    missing = max(0, log.said - after)
    text = log.tail[-missing:] if missing else ""
    return LogView(text=text, position=log.said, is_cut=len(text) < missing)
