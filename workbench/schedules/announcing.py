"""Telling people what came of a run: who subscribed is alerted, recipients are sent the report.

It is done as often as the queue asks for it and tells each person once for each final state: a
notice is unique by person, run and attempt, and a tick is marked as mailed where the mail is put.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import acting
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db.ids import new_id
from workbench.identity.models import User
from workbench.notifications import commands as notifications
from workbench.notifications import subscriptions
from workbench.notifications.models import Channel, Event, Notice, Subscription, Template
from workbench.outbox import commands as outbox
from workbench.outbox import queries as messages
from workbench.permissions import Permission
from workbench.runs import queries as runs
from workbench.runs.models import Run
from workbench.runs.schemas import Status
from workbench.schedules.models import Schedule, Tick
from workbench.tenants import queries as tenants

TOPIC = "run.finished"
BAD = (Status.FAILED, Status.TIMED_OUT)
NEEDED = (
    Permission.MAIL_SEND,
    Permission.MEMBER_READ,
    Permission.RUN_READ,
    Permission.SCHEDULE_MANAGE,
    Permission.SCHEDULE_READ,
)


async def concerned(
    session: AsyncSession, actor: Actor, message_ids: Collection[UUID]
) -> list[UUID]:
    """The runs among what some messages tell of whose end somebody may want to hear of."""
    actor.require(Permission.SCHEDULE_READ)
    found = await session.scalars(messages.messages(actor, message_ids, (TOPIC,)))
    ids = [UUID(message.payload["run_id"]) for message in found]
    if not ids:
        return []
    tenant_id = actor.require_tenant()
    asked = exists().where(Subscription.tenant_id == tenant_id, Subscription.deleted_at.is_(None))
    if await session.scalar(select(asked)):
        return ids
    ticks = select(Tick.run_id).where(Tick.tenant_id == tenant_id, Tick.run_id.in_(ids))
    scheduled = set(await session.scalars(ticks))
    return [id_ for id_ in ids if id_ in scheduled]


async def announce(session: AsyncSession, actor: Actor, run_id: UUID, now: datetime) -> None:
    """Tell whom the end of a run concerns; nothing while it goes on or has been taken back."""
    actor.require(Permission.SCHEDULE_MANAGE)
    run = await session.scalar(runs.run(actor, run_id))
    if run is None:
        return
    if run.status == Status.SUCCEEDED:
        await _mail_reports(session, actor, run, now)
    events = _events(run)
    if events:
        await _alert(session, actor, run, events)


def _events(run: Run) -> dict[Event, str]:
    """What there is to tell of a run's end, the gravest first."""
    found = {}
    if run.status in BAD:
        found[Event.RUN_FAILED] = run.error or "It ended without a reason."
    over = [m for m in run.metrics if m.budget is not None and m.value > m.budget]
    if over and run.status in (Status.SUCCEEDED, *BAD):
        words = (f"{m.name} is {m.value:g}, its budget {m.budget:g}" for m in over)
        found[Event.OVER_BUDGET] = "; ".join(words)
    return found


async def _alert(session: AsyncSession, actor: Actor, run: Run, events: dict[Event, str]) -> None:
    wanting = (await session.scalars(subscriptions.wanting(actor, run.notebook))).all()
    for user_id in sorted({each.user_id for each in wanting}):
        theirs = {Event(s.event): s for s in wanting if s.user_id == user_id}
        event = next((event for event in events if event in theirs), None)
        if event is None or not await _may_read(session, actor, user_id, run):
            continue
        channels = {s.channel for s in wanting if s.user_id == user_id and s.event == event}
        is_new = await _note(session, actor, run, user_id, (event, events[event]))
        if is_new and Channel.MAIL in channels:
            details = await _details(session, actor, run)
            happened = "failed" if event is Event.RUN_FAILED else "is over budget"
            await notifications.mail(
                session,
                actor,
                Template.ALERT,
                user_id,
                **details,
                happened=happened,
                reason=events[event],
            )


async def _note(
    session: AsyncSession, actor: Actor, run: Run, user_id: UUID, told: tuple[Event, str]
) -> bool:
    """Keep what a person is told; False when he was told already."""
    event, text = told
    key = {
        "tenant_id": run.tenant_id,
        "user_id": user_id,
        "run_id": run.id,
        "attempt": run.attempt,
        "event": event.value,
    }
    made = await session.scalar(
        insert(Notice)
        .values(id=new_id(), notebook=run.notebook, text=text, **key)
        .on_conflict_do_nothing(index_elements=list(key))
        .returning(Notice.id)
    )
    if made is not None:
        outbox.put(session, actor, subscriptions.WRITTEN, notice_id=made)
    return made is not None


async def _mail_reports(session: AsyncSession, actor: Actor, run: Run, now: datetime) -> None:
    """Write to the person whose report a run is, if the schedule still has his address.

    A run that somebody else has repeated shows what that one may see, and is nobody's report.
    """
    statement = (
        select(Tick, Schedule, User)
        .join(
            Schedule,
            (Schedule.tenant_id == Tick.tenant_id) & (Schedule.id == Tick.schedule_id),
        )
        .join(User, User.id == Tick.user_id)
        .where(
            Tick.tenant_id == run.tenant_id,
            Tick.run_id == run.id,
            Tick.user_id == run.requested_by,
            Tick.mailed_at.is_(None),
        )
    )
    for tick, schedule, user in (await session.execute(statement)).all():
        if user.email not in schedule.recipients or not await _is_member(session, actor, user.id):
            continue
        claim = (
            update(Tick)
            .where(Tick.tenant_id == tick.tenant_id, Tick.id == tick.id, Tick.mailed_at.is_(None))
            .values(mailed_at=now)
            .returning(Tick.id)
            .execution_options(synchronize_session=False)
        )
        if await session.scalar(claim) is not None:
            details = await _details(session, actor, run)
            await notifications.mail(
                session, actor, Template.REPORT, user.id, **details, schedule=schedule.name
            )
            audit.record(
                session,
                actor,
                "report.mail",
                f"run {run.id}",
                run_id=run.id,
                schedule=str(schedule.id),
                person=str(user.id),
            )


async def _details(session: AsyncSession, actor: Actor, run: Run) -> dict[str, str]:
    tenant = (await session.scalars(tenants.tenant(actor, run.tenant_id))).one()
    return {"tenant": tenant.name, "notebook": run.notebook, "run": str(run.id)}


async def _is_member(session: AsyncSession, actor: Actor, user_id: UUID) -> bool:
    try:
        async with acting.as_member(session, actor, user_id):
            return True
    except acting.NoMember:
        return False


async def _may_read(session: AsyncSession, actor: Actor, user_id: UUID, run: Run) -> bool:
    try:
        async with acting.as_member(session, actor, user_id) as member:
            return member.may(Permission.RUN_READ, run.notebook)
    except acting.NoMember:
        return False
