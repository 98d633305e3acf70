"""Attempts: what a worker writes about a run, fenced so that a lost worker changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db.ids import new_id
from workbench.errors import Conflict, TooMany
from workbench.files import commands as files
from workbench.files.schemas import Kind
from workbench.outbox import commands as outbox
from workbench.permissions import Permission
from workbench.runs import states
from workbench.runs.models import Artifact, Metric, Run
from workbench.runs.schemas import MetricMessage, ReadMessage, Status

MAX_LOST = 2  # attempts that may lose their worker: the first is retried, the second is not
MAX_METRICS = 200
MAX_ERROR = 2000
STALLED = text("select tenant_id, id from workbench.runs_stalled(:silent_since)")


class StaleAttempt(Conflict):
    """This attempt is over: the run was cancelled, or somebody else has taken it."""

    code = "stale_attempt"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a run; what it writes lands only while it is the run's current one."""

    run_id: UUID
    number: int


async def begin(session: AsyncSession, actor: Actor, run_id: UUID, now: datetime) -> Run:
    """Take a waiting run as its next attempt, and put away what the last attempt left."""
    values = {
        "status": Status.RUNNING,
        "attempt": Run.attempt + 1,
        "started_at": now,
        "heartbeat_at": now,
    }
    run = await states.move(session, actor, run_id, (Status.QUEUED,), states.BLANK | values)
    if run is None:
        raise StaleAttempt
    for model in (Metric, Artifact):
        await session.execute(
            update(model)
            .where(model.tenant_id == run.tenant_id, model.run_id == run_id)
            .values(deleted_at=now, deleted_by=actor.subject)
        )
    await files.detach_all(session, actor, run_id, Kind.ARTIFACT)
    _note(session, actor, "run.begin", Attempt(run_id, run.attempt), person=str(run.requested_by))
    return run


async def beat(
    session: AsyncSession, actor: Actor, attempt: Attempt, now: datetime, progress: float | None
) -> None:
    """Say that the attempt is alive, and how far it is between 0 and 1."""
    await _write(session, actor, attempt, {"heartbeat_at": now, "progress": progress})


async def record_metric(
    session: AsyncSession, actor: Actor, attempt: Attempt, metric: MetricMessage
) -> None:
    """Keep a figure of the attempt; the last value of a name counts."""
    await hold(session, actor, attempt, Metric, metric.name, MAX_METRICS)
    values = {"value": metric.value, "unit": metric.unit, "budget": metric.budget}
    await keep(session, actor, attempt, Metric, metric.name, values)


async def record_read(
    session: AsyncSession, actor: Actor, attempt: Attempt, notebook: str, read: ReadMessage
) -> None:
    """Note in the audit what the attempt's kernel says that it has read."""
    actor.require(Permission.RUN_START)
    current = select(Run.id).where(*_current(actor, attempt))
    if (await session.execute(current)).first() is None:
        raise StaleAttempt
    audit.record(
        session,
        actor,
        "notebook.read",
        f"notebook {notebook}",
        rows=read.rows,
        run_id=attempt.run_id,
        attempt=attempt.number,
        outcome=read.outcome,
        text=audit.kept(read.text),
        values=audit.kept(read.values),
    )


async def finish(
    session: AsyncSession,
    actor: Actor,
    attempt: Attempt,
    status: Status,
    now: datetime,
    error: str | None = None,
) -> None:
    """End the attempt with what came of it."""
    error = error.replace("\0", "")[:MAX_ERROR] if error else None
    await _write(session, actor, attempt, {"status": status, "error": error, "finished_at": now})
    _note(session, actor, "run.finish", attempt, status=status)
    outbox.put(session, actor, "run.finished", run_id=attempt.run_id)


async def release(session: AsyncSession, actor: Actor, attempt: Attempt) -> None:
    """Put a run back into the queue, since its worker stops."""
    await _write(session, actor, attempt, {"status": Status.QUEUED} | states.BLANK)
    _note(session, actor, "run.release", attempt)
    await states.enqueue(session, actor.require_tenant(), attempt.run_id)


async def stalled(session: AsyncSession, silent_since: datetime) -> list[tuple[UUID, UUID]]:
    """The tenant and id of every run whose worker has been silent."""
    rows = await session.execute(STALLED, {"silent_since": silent_since})
    return [(row.tenant_id, row.id) for row in rows]


async def rescue(
    session: AsyncSession, actor: Actor, run_id: UUID, silent_since: datetime, now: datetime
) -> Status | None:
    """Queue a silent run again, or fail it when it was lost too often; None when it is no more."""
    actor.require(Permission.RUN_START)
    run = await session.scalar(
        select(Run)
        .where(
            Run.tenant_id == actor.require_tenant(),
            Run.id == run_id,
            Run.status == Status.RUNNING,
            Run.heartbeat_at < silent_since,
        )
        .with_for_update(skip_locked=True)
    )
    if run is None:
        return None
    attempt = Attempt(run.id, run.attempt)
    await access.revoke(session, run_id)
    if run.attempt < MAX_LOST:
        await release(session, actor, attempt)
        return Status.QUEUED
    error = "The worker that executed this run was lost more than once."
    await finish(session, actor, attempt, Status.FAILED, now, error)
    return Status.FAILED


async def _write(
    session: AsyncSession, actor: Actor, attempt: Attempt, values: dict[str, Any]
) -> None:
    actor.require(Permission.RUN_START)
    statement = (
        update(Run).where(*_current(actor, attempt)).values(values).returning(Run.id)
    ).execution_options(synchronize_session=False)
    if (await session.execute(statement)).first() is None:
        raise StaleAttempt


async def hold(
    session: AsyncSession, actor: Actor, attempt: Attempt, model: Any, name: str, most: int
) -> None:
    """Lock the run of a current attempt that has room for one more metric or artifact."""
    actor.require(Permission.RUN_START)
    current = select(Run.id).where(*_current(actor, attempt)).with_for_update()
    if (await session.execute(current)).first() is None:
        raise StaleAttempt
    others = select(func.count()).where(
        model.tenant_id == actor.require_tenant(),
        model.run_id == attempt.run_id,
        model.name != name,
        model.deleted_at.is_(None),
    )
    if (await session.scalar(others) or 0) >= most:
        raise TooMany(f"A run keeps at most {most} of these.")


async def keep(
    session: AsyncSession,
    actor: Actor,
    attempt: Attempt,
    model: Any,
    name: str,
    values: dict[str, Any],
) -> None:
    """Write down a metric or artifact of a run that is held, in the place of one so named."""
    actor.require(Permission.RUN_START)
    key = {"tenant_id": actor.require_tenant(), "run_id": attempt.run_id, "name": name}
    await session.execute(
        insert(model)
        .values(id=new_id(), **key, **values)
        .on_conflict_do_update(
            index_elements=list(key), index_where=model.deleted_at.is_(None), set_=values
        )
    )


def _note(
    session: AsyncSession, actor: Actor, action: str, attempt: Attempt, **details: Any
) -> None:
    target, run_id = str(attempt.run_id), attempt.run_id
    details |= {"attempt": attempt.number}
    audit.record(session, actor, action, target, run_id=run_id, **details)


def _current(actor: Actor, attempt: Attempt) -> tuple[Any, ...]:
    return (
        Run.tenant_id == actor.require_tenant(),
        Run.id == attempt.run_id,
        Run.attempt == attempt.number,
        Run.status == Status.RUNNING,
    )
