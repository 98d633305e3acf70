"""Chains: schedules that wait for others, and never in a circle."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.errors import Detail
from workbench.permissions import Permission
from workbench.schedules import queries
from workbench.schedules.errors import Cycle, UnknownUpstream
from workbench.schedules.models import Link, Schedule

# Two who each draw half of a circle must see each other: a tenant's links change one by one.
HOLD = text("select pg_advisory_xact_lock(hashtextextended('schedule_links ' || :tenant, 0))")


async def put(
    session: AsyncSession,
    actor: Actor,
    schedule_id: UUID,
    upstream: Collection[UUID],
    now: datetime,
) -> None:
    """Have a schedule wait for others from now on; raise Cycle when they wait for it."""
    actor.require(Permission.SCHEDULE_MANAGE)
    tenant_id = actor.require_tenant()
    await session.execute(HOLD, {"tenant": str(tenant_id)})
    wanted = set(upstream)
    await _require_known(session, actor, wanted)
    graph: dict[UUID, set[UUID]] = defaultdict(set)
    for link in await session.scalars(queries.links(actor)):
        graph[link.schedule_id].add(link.upstream_id)
    had, graph[schedule_id] = graph[schedule_id], wanted
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise Cycle(details=[Detail("after", "They wait for this schedule.")]) from error
    gone = had - wanted
    if gone:
        await session.execute(
            delete(Link).where(
                Link.tenant_id == tenant_id,
                Link.schedule_id == schedule_id,
                Link.upstream_id.in_(gone),
            )
        )
    session.add_all(
        Link(tenant_id=tenant_id, schedule_id=schedule_id, upstream_id=each, used_slot=now)
        for each in sorted(wanted - had)
    )
    await session.flush()


async def upstream(session: AsyncSession, actor: Actor, schedule_id: UUID) -> list[UUID]:
    """The schedules that one waits for."""
    actor.require(Permission.SCHEDULE_READ)
    links = await session.scalars(queries.links(actor, of=schedule_id))
    return [link.upstream_id for link in links]


async def use_up(session: AsyncSession, actor: Actor, schedule_id: UUID, now: datetime) -> None:
    """Count for nothing what the others did until now."""
    actor.require(Permission.SCHEDULE_MANAGE)
    for link in await session.scalars(queries.links(actor, of=schedule_id)):
        link.used_slot = max(link.used_slot, now)


async def take(session: AsyncSession, actor: Actor, schedule_id: UUID) -> datetime | None:
    """The slot of a chain whose others have all succeeded, used up by this; None until then.

    The schedule is locked by the caller, so that one success starts one run.
    """
    actor.require(Permission.SCHEDULE_MANAGE)
    links = (await session.scalars(queries.links(actor, of=schedule_id))).all()
    slots = []
    for link in links:
        slot = await session.scalar(queries.newest_success(actor, link))
        if slot is None:
            return None
        slots.append(slot)
    for link, slot in zip(links, slots, strict=True):
        link.used_slot = slot
    return max(slots, default=None)


async def _require_known(session: AsyncSession, actor: Actor, wanted: Collection[UUID]) -> None:
    statement = select(Schedule.id).where(
        Schedule.tenant_id == actor.require_tenant(), Schedule.id.in_(wanted)
    )
    if set(await session.scalars(statement)) != set(wanted):
        raise UnknownUpstream(details=[Detail("after", "There is no such schedule.")])
