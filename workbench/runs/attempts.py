"""Attempts: what a worker writes about a run, fenced so that a lost worker changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

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
from workbench.runs import logs, states, tries, upstream
from workbench.runs.models import Artifact, Metric, Run
from workbench.runs.retries import Cause, pause
from workbench.runs.schemas import MetricMessage, ReadMessage, Status

LOST = "The worker that executed this run was lost."
LOST_AGAIN = "The worker that executed this run was lost more than once."
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

    @property
    def sid(self) -> UUID:
        """What it acts under: of its own, so that no token of a lost attempt lives on."""
        return uuid5(self.run_id, str(self.number))


class Standing(NamedTuple):
    """How far an attempt is; the names are those of the run's columns."""

    progress: float | None = None
    cells: int | None = None
    cells_done: int | None = None
    cell_title: str | None = None


async def clock(session: AsyncSession) -> datetime:
    """PostgreSQL's time, the one that all workers share."""
    time: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return time


async def begin(
    session: AsyncSession,
    actor: Actor,
    run_id: UUID,
    now: datetime,
    *,
    slot: int | None = None,
    worker: str | None = None,
) -> Run:
    """Take a waiting run as its next attempt, and put away what the last attempt left.

    With a slot that another run of the tenant has taken, PostgreSQL refuses it (IntegrityError).
    """
    values = {
        "status": Status.RUNNING,
        "attempt": Run.attempt + 1,
        "started_at": now,
        "heartbeat_at": now,
        "slot": slot,
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
    tries.opened(session, actor, run, worker)
    await logs.clear(session, actor, run_id)
    await states.tell(session, actor, run_id)
    _note(session, actor, "run.begin", Attempt(run_id, run.attempt), person=str(run.requested_by))
    return run


async def note_version(
    session: AsyncSession,
    actor: Actor,
    attempt: Attempt,
    *,
    commit: str | None,
    notebook_hash: str | None,
) -> None:
    """Note what the attempt executes."""
    values = {"commit": commit, "notebook_hash": notebook_hash}
    await _write(session, actor, attempt, values)


async def beat(
    session: AsyncSession, actor: Actor, attempt: Attempt, now: datetime, progress: float | None
) -> None:
    """Say that the attempt is alive, and how far it is between 0 and 1."""
    await _write(session, actor, attempt, {"heartbeat_at": now, "progress": progress})


async def tell(
    session: AsyncSession, actor: Actor, attempt: Attempt, standing: Standing, said: str
) -> None:
    """Say how far the attempt is, and what it printed since."""
    await _write(session, actor, attempt, standing._asdict())
    if said:
        await logs.append(session, actor, attempt.run_id, said)
    await outbox.stir(session, attempt.run_id)


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
    error = _shown(error)
    values = {"status": status, "error": error, "finished_at": now, "slot": None}
    await _write(session, actor, attempt, values)
    await tries.closed(session, actor, attempt.run_id, attempt.number, status, error)
    _note(session, actor, "run.finish", attempt, status=status)
    await states.tell(session, actor, attempt.run_id, "run.finished")
    if status == Status.SUCCEEDED:
        await upstream.call(session, actor, attempt.run_id)


async def release(session: AsyncSession, actor: Actor, attempt: Attempt) -> None:
    """Put a run back into the queue, since its worker stops."""
    run = await _write(session, actor, attempt, states.BLANK | {"status": Status.QUEUED})
    await tries.closed(session, actor, attempt.run_id, attempt.number, "released")
    _note(session, actor, "run.release", attempt)
    await states.tell(session, actor, attempt.run_id)
    await states.enqueue(session, run)


async def end(
    session: AsyncSession,
    actor: Actor,
    attempt: Attempt,
    status: Status,
    now: datetime,
    error: str | None = None,
    *,
    cause: Cause | None = None,
) -> Status:
    """End the attempt: the run is tried again where its cause allows that, or has ended with it."""
    run = await session.scalar(select(Run).where(*_current(actor, attempt)).with_for_update())
    if run is None:
        raise StaleAttempt
    wait = pause(run, cause) if cause is not None and status != Status.SUCCEEDED else None
    if wait is None:
        await finish(session, actor, attempt, status, now, error)
        return status
    error = _shown(error)
    outcome = "lost" if cause == Cause.LOST else status
    values = {"status": Status.QUEUED, "error": error, "retried": Run.retried + 1}
    values |= {"due_at": func.clock_timestamp() + wait}
    run = await _write(session, actor, attempt, states.BLANK | values)
    await tries.closed(session, actor, attempt.run_id, attempt.number, outcome, error)
    _note(session, actor, "run.again", attempt, cause=cause, seconds=wait.total_seconds())
    await states.tell(session, actor, attempt.run_id)
    await states.enqueue(session, run)
    return Status.QUEUED


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
    await access.revoke(session, attempt.sid)
    error = LOST_AGAIN if run.retried else LOST
    return await end(session, actor, attempt, Status.FAILED, now, error, cause=Cause.LOST)


async def _write(
    session: AsyncSession, actor: Actor, attempt: Attempt, values: dict[str, Any]
) -> Run:
    actor.require(Permission.RUN_START)
    statement = update(Run).where(*_current(actor, attempt)).values(values).returning(Run)
    written = await session.scalar(statement.execution_options(populate_existing=True))
    if written is None:
        raise StaleAttempt
    return written


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


def _shown(error: str | None) -> str | None:
    return error.replace("\0", "")[:MAX_ERROR] if error else None


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
