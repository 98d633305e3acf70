"""Turns: which run is executed next, of all that wait; and where one stands that waits."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.permissions import Permission
from workbench.runs import upstream
from workbench.runs.models import Run
from workbench.runs.schemas import Place, Status, Waits

NEXT = text("select tenant_id, id, slot from workbench.runs_next(:queues, :most, :passed)")
NOW = select(func.clock_timestamp())
WORKERS = text("select workers from workbench.queue_state()")


class Turn(NamedTuple):
    """A run that may be taken, and the slot of its tenant that it takes."""

    tenant_id: UUID
    run_id: UUID
    slot: int


async def next_turn(
    session: AsyncSession, queues: Collection[str], most: int, passed: Collection[UUID] = ()
) -> Turn | None:
    """Whose turn it is in these queues when tenants have `most` slots; None when nobody's.

    Runs in `passed` are left out. Nothing is taken yet: somebody else may be faster.
    """
    values = {"queues": [*queues], "most": most, "passed": [*passed]}
    found = (await session.execute(NEXT, values)).first()
    return None if found is None else Turn(found.tenant_id, found.id, found.slot)


async def place(session: AsyncSession, actor: Actor, run: Run, most: int) -> Place:
    """How many runs of its tenant come before one that waits, and what it waits for."""
    actor.require_somewhere(Permission.RUN_READ)
    if run.status != Status.QUEUED:
        return Place()
    ahead = await session.scalar(_counted(actor, _before(run)))
    if not await upstream.are_done(session, actor, run):
        return Place(ahead=ahead, waits=Waits.OTHERS)
    if run.due_at > (await session.execute(NOW)).scalar_one():
        return Place(ahead=ahead, waits=Waits.TRIED_AGAIN)
    busy = await session.scalar(_counted(actor, Run.status == Status.RUNNING)) or 0
    if busy >= (max(most - 1, 1) if run.queue == "batch" else most):
        return Place(ahead=ahead, waits=Waits.TENANT)
    workers = await session.scalar(WORKERS)
    return Place(ahead=ahead, waits=Waits.TURN if workers else Waits.WORKER)


def _before(run: Run) -> ColumnElement[bool]:
    earlier = and_(Run.priority == run.priority, Run.id < run.id)
    return and_(
        Run.status == Status.QUEUED,
        Run.queue == run.queue,
        or_(Run.priority > run.priority, earlier),
    )


def _counted(actor: Actor, which: ColumnElement[bool]) -> Select[int]:
    return select(func.count(Run.id)).where(Run.tenant_id == actor.require_tenant(), which)
