"""What is due is started: each slot once for each person, however many schedulers there are.

A schedule is locked while it ticks, a tick is unique by schedule, slot and person, and it is
written in the transaction that makes the run.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import acting
from workbench.access import queries as access
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import forgetting
from workbench.db.ids import new_id
from workbench.errors import TooMany, Unavailable, WorkbenchError
from workbench.identity.models import User
from workbench.notebooks import Shelf
from workbench.notebooks import queries as notebooks
from workbench.notifications import commands as notifications
from workbench.notifications.models import Template
from workbench.permissions import Permission, Role
from workbench.runs import commands as runs
from workbench.runs import orders
from workbench.runs.models import Run
from workbench.schedules import chains, queries, times
from workbench.schedules.commands import rest
from workbench.schedules.models import Schedule, Tick
from workbench.tenants import queries as tenants

LATE = timedelta(minutes=5)  # up to here a slot is on time; after that it was missed
MAX_REASON = 500
NEEDED = (
    Permission.MAIL_SEND,
    Permission.MEMBER_READ,
    Permission.RUN_READ,
    Permission.RUN_START,
    Permission.SCHEDULE_MANAGE,
    Permission.SCHEDULE_READ,
)


async def due(session: AsyncSession, now: datetime, most: int) -> list[tuple[UUID, UUID]]:
    """The tenant and id of the schedules that are due, the tenants in turn."""
    rows = await session.execute(queries.DUE, {"at": now, "most": most})
    return [(row.tenant_id, row.id) for row in rows]


async def tick(
    session: AsyncSession, actor: Actor, shelf: Shelf, schedule_id: UUID, now: datetime
) -> int:
    """Start what a schedule is due to start, and answer how many runs those are.

    A schedule whose owner may not do any more what it does is paused, and people are told.
    """
    actor.require(Permission.SCHEDULE_MANAGE)
    schedule = await session.scalar(queries.going(actor, schedule_id))
    if schedule is None:
        return 0
    try:
        async with session.begin_nested():
            slots = await _slots(session, actor, schedule, now)
            started = sum([await _start(session, actor, shelf, schedule, s) for s in slots])
            # Of slots that run late, nobody is sent more than the newest.
            reported = [await _report_all(session, actor, shelf, schedule, s) for s in slots[-1:]]
            return started + sum(reported)
    except (TooMany, Unavailable):  # there is no room now: it stays due
        return 0
    except WorkbenchError as error:
        await session.refresh(schedule)
        await _stop(session, actor, schedule, str(error)[:MAX_REASON], now)
        return 0


async def forget(session: AsyncSession, actor: Actor, before: datetime) -> int:
    """Forget some slots that came before a time, and what they came to; answer how many.

    No slot is started again by that: schedules look forward only.
    """
    actor.require(Permission.SCHEDULE_MANAGE)
    tenant_id = actor.require_tenant()
    return await forgetting.forget(
        session, Tick, Tick.tenant_id == tenant_id, Tick.created_at < before, Tick.slot < before
    )


async def _slots(
    session: AsyncSession, actor: Actor, schedule: Schedule, now: datetime
) -> Sequence[datetime]:
    """The slots that are to run, and the schedule's clock set to the next one."""
    if schedule.cron is None:
        slot = await chains.take(session, actor, schedule.id)
        return [] if slot is None else [slot]
    if schedule.next_at is None or schedule.next_at > now:
        return []
    cron, zone, first = schedule.cron, schedule.time_zone, schedule.next_at
    slots = times.due(cron, zone, first, now, max(schedule.catch_up, 1))
    if not schedule.catch_up:
        slots = [slot for slot in slots if slot >= now - LATE]
    if slots[:1] != [first]:
        target = f"schedule {schedule.id}"
        audit.record(session, actor, "schedule.skip", target, since=first.isoformat())
    schedule.next_at = times.after(cron, zone, now)
    return slots


async def _start(
    session: AsyncSession,
    actor: Actor,
    shelf: Shelf,
    schedule: Schedule,
    slot: datetime,
) -> int:
    owned = await _claim(session, schedule, slot, schedule.owner_id)
    if owned is None:
        return 0
    async with acting.as_member(session, actor, schedule.owner_id) as owner:
        notebook = notebooks.notebook(owner, shelf, schedule.notebook)
        run = await runs.start(session, owner, notebook, schedule.parameters)
    await _settle(session, owned, run)
    return 1


async def _report_all(
    session: AsyncSession, actor: Actor, shelf: Shelf, schedule: Schedule, slot: datetime
) -> int:
    """Start the runs of all recipients who are members now."""
    started = 0
    for user_id in await _recipients(session, actor, schedule):
        claimed = await _claim(session, schedule, slot, user_id, is_report=True)
        if claimed is not None:
            started += await _report(session, actor, shelf, schedule, claimed)
    return started


async def _report(
    session: AsyncSession,
    actor: Actor,
    shelf: Shelf,
    schedule: Schedule,
    tick: Tick,
) -> int:
    """Start the run of one recipient, in his own scope; what he may not see is not sent to him."""
    try:
        async with acting.as_member(session, actor, tick.user_id) as person:
            notebook = notebooks.notebook(person, shelf, schedule.notebook)
            checked = await orders.checked(session, person, notebook, schedule.parameters)
        run = await orders.start_for(session, actor, person, notebook, checked)
    except WorkbenchError as error:
        tick.reason = str(error)[:MAX_REASON]
        return 0
    await _settle(session, tick, run)
    return 1


async def _claim(
    session: AsyncSession,
    schedule: Schedule,
    slot: datetime,
    user_id: UUID,
    *,
    is_report: bool = False,
) -> Tick | None:
    """The tick of a person in a slot; None when there was one already."""
    key = {
        "tenant_id": schedule.tenant_id,
        "schedule_id": schedule.id,
        "slot": slot,
        "user_id": user_id,
    }
    made: Tick | None = await session.scalar(
        insert(Tick)
        .values(id=new_id(), is_report=is_report, **key)
        .on_conflict_do_nothing(index_elements=list(key))
        .returning(Tick)
    )
    return made


async def _settle(session: AsyncSession, tick: Tick, run: Run) -> None:
    tick.run_id = run.id
    await session.flush()


async def _recipients(session: AsyncSession, actor: Actor, schedule: Schedule) -> list[UUID]:
    """The members whose addresses stand in the schedule, but for its owner, who has his run."""
    if not schedule.recipients:
        return []
    statement = access.members(actor).where(User.email.in_(schedule.recipients))
    found = [user.id for _, user in await session.execute(statement)]
    return [user_id for user_id in found if user_id != schedule.owner_id]


async def _stop(
    session: AsyncSession, actor: Actor, schedule: Schedule, reason: str, now: datetime
) -> None:
    """Pause a schedule that cannot go on, and write to its owner and to those of the tenant."""
    rest(schedule, reason, now)
    await session.flush()
    audit.record(session, actor, "schedule.pause", f"schedule {schedule.id}", reason=reason)
    tenant = (await session.scalars(tenants.tenant(actor, schedule.tenant_id))).one()
    details = {"schedule": schedule.name, "tenant": tenant.name, "reason": reason}
    for membership, user in (await session.execute(access.members(actor))).all():
        if membership.role == Role.OWNER or user.id == schedule.owner_id:
            await notifications.mail(session, actor, Template.SCHEDULE_PAUSED, user.id, **details)
