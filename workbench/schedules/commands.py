"""Changes to schedules that people order.

A schedule runs with the rights of its owner, so whoever changes one or sets it going owns it from
then on: nobody changes what runs with another's rights.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import soft_delete
from workbench.db.ids import new_id
from workbench.errors import Forbidden, NotFound
from workbench.notebooks import Notebook
from workbench.permissions import Permission
from workbench.runs import orders
from workbench.schedules import chains, queries, times
from workbench.schedules.errors import (
    AlreadyPaused,
    NoReport,
    NotPaused,
    NoTrigger,
    ScheduleNameTaken,
    WaitedFor,
)
from workbench.schedules.models import Link, Schedule
from workbench.schedules.schemas import NewSchedule, ScheduleChange, ScheduleView

# A notebook that needs no more than these leaves nothing behind, however often it runs.
READING = frozenset(
    {
        Permission.DATASET_READ,
        Permission.FILE_READ,
        Permission.IMPORT_READ,
        Permission.NOTEBOOK_READ,
        Permission.ROW_READ,
        Permission.RUN_READ,
        Permission.SCHEDULE_READ,
    }
)
BY_HAND = "Somebody paused it."
RESTORED = "It was deleted and restored."


async def create(
    session: AsyncSession, actor: Actor, notebook: Notebook, new: NewSchedule, now: datetime
) -> Schedule:
    """Make a schedule of the actor's own, which goes at once."""
    actor.require(Permission.SCHEDULE_MANAGE)
    values = new.model_dump(exclude={"after"})
    made = Schedule(
        id=new_id(), tenant_id=actor.require_tenant(), changed_at=now, created_at=now, **values
    )
    await _check(session, actor, notebook, made, new.after, now)
    await _save(session, made)
    await chains.put(session, actor, made.id, new.after, now)
    _note(session, actor, "schedule.create", made)
    return made


async def change(
    session: AsyncSession,
    actor: Actor,
    notebook: Notebook,
    schedule: Schedule,
    wanted: ScheduleChange,
    now: datetime,
) -> Schedule:
    """Change a schedule, which is the actor's from now on; one that is paused stays so."""
    actor.require(Permission.SCHEDULE_MANAGE)
    values = wanted.model_dump(exclude_none=True, exclude={"after"})
    after = (
        await chains.upstream(session, actor, schedule.id) if wanted.after is None else wanted.after
    )
    # What follows a clock from now on waits for nobody, and the other way round.
    if wanted.cron is not None and not wanted.after:
        after = []
    elif wanted.after:
        values["cron"] = wanted.cron
    with session.no_autoflush:
        for name, value in values.items():
            setattr(schedule, name, value)
        if values.keys() & {"cron", "time_zone"}:
            schedule.next_at = None
        schedule.changed_at = now
        await _check(session, actor, notebook, schedule, after, now)
    await _save(session, schedule)
    await chains.put(session, actor, schedule.id, after, now)
    _note(session, actor, "schedule.change", schedule)
    return schedule


async def pause(session: AsyncSession, actor: Actor, schedule: Schedule, now: datetime) -> None:
    """Let a schedule rest until somebody resumes it; runs that it has started go on."""
    actor.require(Permission.SCHEDULE_MANAGE)
    if schedule.paused_at is not None:
        raise AlreadyPaused
    rest(schedule, BY_HAND, now)
    await session.flush()
    audit.record(session, actor, "schedule.pause", f"schedule {schedule.id}")


async def resume(
    session: AsyncSession, actor: Actor, notebook: Notebook, schedule: Schedule, now: datetime
) -> None:
    """Set a schedule going again as the actor's own; what its pause left out stays left out."""
    actor.require(Permission.SCHEDULE_MANAGE)
    if schedule.paused_at is None:
        raise NotPaused
    with session.no_autoflush:
        schedule.paused_at = schedule.paused_reason = None
        schedule.changed_at = now
        after = await chains.upstream(session, actor, schedule.id)
        await _check(session, actor, notebook, schedule, after, now)
    await _save(session, schedule)
    await chains.use_up(session, actor, schedule.id, now)
    audit.record(session, actor, "schedule.resume", f"schedule {schedule.id}")


async def delete(session: AsyncSession, actor: Actor, schedule: Schedule) -> None:
    """Mark a schedule as deleted; raise WaitedFor while others wait for it."""
    actor.require(Permission.SCHEDULE_MANAGE)
    if (await session.scalars(queries.links(actor, to=schedule.id))).first() is not None:
        raise WaitedFor
    where = soft_delete.one(Schedule, actor.require_tenant(), schedule.id)
    await soft_delete.remove(session, actor, Schedule, *where)
    audit.record(session, actor, "schedule.delete", f"schedule {schedule.id}")


async def restore(
    session: AsyncSession, actor: Actor, schedule_id: UUID, now: datetime
) -> Schedule:
    """Bring a deleted schedule back, paused; whoever resumes it owns it."""
    actor.require(Permission.SCHEDULE_MANAGE)
    found: Schedule | None = await session.scalar(
        select(Schedule)
        .where(*soft_delete.one(Schedule, actor.require_tenant(), schedule_id))
        .where(Schedule.deleted_at.is_not(None))
        .with_for_update()
        .execution_options(include_deleted=True)
    )
    if found is None:
        raise NotFound
    rest(found, RESTORED, now)
    found.deleted_at = found.deleted_by = None
    await _save(session, found)
    after = await chains.upstream(session, actor, schedule_id)
    await chains.put(session, actor, schedule_id, after, now)
    audit.record(session, actor, "schedule.restore", f"schedule {schedule_id}")
    return found


def rest(schedule: Schedule, reason: str, now: datetime) -> None:
    """Stop a schedule's clock."""
    schedule.paused_at, schedule.paused_reason = now, reason
    schedule.next_at = None
    schedule.changed_at = now


def view(schedule: Schedule, links: list[Link]) -> ScheduleView:
    """A schedule with what it waits for."""
    after = [link.upstream_id for link in links if link.schedule_id == schedule.id]
    shown = {name: getattr(schedule, name) for name in ScheduleView.model_fields if name != "after"}
    return ScheduleView(after=after, **shown)


async def _check(
    session: AsyncSession,
    actor: Actor,
    notebook: Notebook,
    schedule: Schedule,
    after: list[UUID],
    now: datetime,
) -> None:
    """Refuse what could not run as the actor, make it the actor's and set its clock."""
    if actor.user_id is None:
        raise Forbidden("A schedule needs a person who owns it.")
    actor.require(Permission.RUN_START, notebook.name)
    actor.require(Permission.NOTEBOOK_READ, notebook.name)
    await orders.checked(session, actor, notebook, schedule.parameters)
    if (schedule.cron is None) is (not after):
        raise NoTrigger
    if schedule.recipients and (notebook.sandbox or not set(notebook.permissions) <= READING):
        raise NoReport
    schedule.owner_id = actor.user_id
    times.check(schedule.cron or "0 0 * * *", schedule.time_zone, now)
    if schedule.cron and schedule.paused_at is None and schedule.next_at is None:
        schedule.next_at = times.after(schedule.cron, schedule.time_zone, now)


async def _save(session: AsyncSession, schedule: Schedule) -> None:
    try:
        async with session.begin_nested():
            session.add(schedule)
    except IntegrityError as error:
        raise ScheduleNameTaken from error


def _note(session: AsyncSession, actor: Actor, action: str, schedule: Schedule) -> None:
    details: dict[str, Any] = {
        "notebook": schedule.notebook,
        "cron": schedule.cron,
        "time_zone": schedule.time_zone,
        "recipients": len(schedule.recipients),
    }
    audit.record(session, actor, action, f"schedule {schedule.id}", **details)
