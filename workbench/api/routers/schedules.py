"""Schedules: when notebooks run by themselves, with their owner's rights."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.api import etags
from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Parts, Session
from workbench.api.once import Once
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView, page_view
from workbench.db import listing
from workbench.errors import NotFound
from workbench.notebooks import queries as notebooks
from workbench.schedules import commands, queries, times
from workbench.schedules.models import Schedule, Tick
from workbench.schedules.schemas import NewSchedule, ScheduleChange, ScheduleView, TickView

router = APIRouter(prefix="/api/v1/schedules", route_class=ActorRoute, tags=["schedules"])

MOST_TIMES = 100
Count = Annotated[int, Query(ge=1, le=MOST_TIMES, description="How many times.")]


class _State(BaseModel):
    """What an ETag stands for: a tick is no change, and must take nobody's change away."""

    id: UUID
    changed_at: datetime


@router.get("")
async def schedules(
    actor: CurrentActor, session: Session, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> PageView[ScheduleView]:
    """List the tenant's schedules, by name."""
    keys = [Schedule.name, Schedule.id]
    page = await listing.page(session, queries.schedules(actor), keys, cursor=cursor, limit=limit)
    links = list(await session.scalars(queries.links(actor)))
    return page_view(page, lambda schedule: commands.view(schedule, links))


@router.post("", status_code=201, dependencies=[Once])
async def create(
    order: NewSchedule, actor: CurrentActor, session: Session, parts: Parts, response: Response
) -> ScheduleView:
    """Make a schedule of the caller's own."""
    notebook = notebooks.notebook(actor, parts.shelf, order.notebook)
    made = await commands.create(session, actor, notebook, order, parts.clock())
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return await _shown(session, actor, made, response)


@router.get("/{schedule_id}")
async def schedule(
    schedule_id: UUID, actor: CurrentActor, session: Session, response: Response
) -> ScheduleView:
    """Show one schedule."""
    return await _shown(session, actor, await _found(session, actor, schedule_id), response)


@router.patch("/{schedule_id}")
async def change(
    schedule_id: UUID,
    change: ScheduleChange,
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    response: Response,
    if_match: etags.IfMatch = None,
) -> ScheduleView:
    """Change a schedule, which is the caller's own from then on."""
    found = await _locked(session, actor, schedule_id, if_match)
    notebook = notebooks.notebook(actor, parts.shelf, found.notebook)
    await commands.change(session, actor, notebook, found, change, parts.clock())
    return await _shown(session, actor, found, response)


@router.delete("/{schedule_id}", status_code=204)
async def delete(
    schedule_id: UUID, actor: CurrentActor, session: Session, if_match: etags.IfMatch = None
) -> None:
    """Delete a schedule; it can be restored."""
    await commands.delete(session, actor, await _locked(session, actor, schedule_id, if_match))


@router.post("/{schedule_id}/restore")
async def restore(
    schedule_id: UUID, actor: CurrentActor, session: Session, parts: Parts, response: Response
) -> ScheduleView:
    """Bring a deleted schedule back, paused."""
    found = await commands.restore(session, actor, schedule_id, parts.clock())
    return await _shown(session, actor, found, response)


@router.post("/{schedule_id}/pause")
async def pause(
    schedule_id: UUID, actor: CurrentActor, session: Session, parts: Parts, response: Response
) -> ScheduleView:
    """Let a schedule rest until somebody resumes it."""
    found = await _locked(session, actor, schedule_id)
    await commands.pause(session, actor, found, parts.clock())
    return await _shown(session, actor, found, response)


@router.post("/{schedule_id}/resume")
async def resume(
    schedule_id: UUID, actor: CurrentActor, session: Session, parts: Parts, response: Response
) -> ScheduleView:
    """Set a schedule going again, as the caller's own."""
    found = await _locked(session, actor, schedule_id)
    notebook = notebooks.notebook(actor, parts.shelf, found.notebook)
    await commands.resume(session, actor, notebook, found, parts.clock())
    return await _shown(session, actor, found, response)


@router.get("/{schedule_id}/times")
async def times_(
    schedule_id: UUID, actor: CurrentActor, session: Session, parts: Parts, count: Count = 5
) -> PageView[datetime]:
    """List when a schedule runs next, in its own time zone; nothing for a chain or while paused."""
    found = await _found(session, actor, schedule_id)
    if found.cron is None or found.paused_at is not None:
        return PageView(items=[], next_cursor=None)
    items = times.following(found.cron, found.time_zone, parts.clock(), count)
    return PageView(items=items, next_cursor=None)


@router.get("/{schedule_id}/ticks")
async def ticks(
    schedule_id: UUID,
    actor: CurrentActor,
    session: Session,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> PageView[TickView]:
    """List what a schedule started, the newest first."""
    await _found(session, actor, schedule_id)
    statement = queries.ticks(actor, schedule_id)
    page = await listing.page(
        session, statement, [Tick.id], cursor=cursor, limit=limit, newest_first=True
    )
    return page_view(page, TickView.model_validate)


async def _found(session: AsyncSession, actor: Actor, schedule_id: UUID) -> Schedule:
    found = await session.scalar(queries.schedule(actor, schedule_id))
    if found is None:
        raise NotFound
    return found


async def _locked(
    session: AsyncSession, actor: Actor, schedule_id: UUID, if_match: str | None = None
) -> Schedule:
    """A schedule that no scheduler and nobody else changes meanwhile."""
    found = await session.scalar(queries.changeable(actor, schedule_id))
    if found is None:
        raise NotFound
    etags.check(if_match, _state(found))
    return found


async def _shown(
    session: AsyncSession, actor: Actor, found: Schedule, response: Response
) -> ScheduleView:
    etags.put(response, _state(found))
    links = await session.scalars(queries.links(actor, of=found.id))
    return commands.view(found, list(links))


def _state(found: Schedule) -> _State:
    return _State(id=found.id, changed_at=found.changed_at)
