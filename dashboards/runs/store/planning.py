"""Schedules as the visitor finds them: when they run next, what they came to, and changing them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from dashboards.runs.store.desk import Desk
from workbench.errors import Detail, Invalid, NotFound
from workbench.notebooks import queries as notebooks
from workbench.permissions import Permission
from workbench.schedules import commands, queries, times
from workbench.schedules.models import Link, Schedule
from workbench.schedules.schemas import NewSchedule, ScheduleChange

TIMES = 5
TICKS = 8
Shape = TypeVar("Shape", NewSchedule, ScheduleChange)
EVERY = ("name", "cron", "time_zone", "after", "catch_up", "recipients")


@dataclass(frozen=True, slots=True)
class Planned:
    """A schedule as the list tells it; `after` names what it waits for."""

    id: UUID
    name: str
    notebook: str
    title: str
    parameters: dict[str, Any]
    cron: str
    time_zone: str
    after: list[UUID]
    after_names: list[str]
    catch_up: int
    recipients: list[str]
    owner: str
    times: Sequence[datetime]
    is_paused: bool
    paused_reason: str


@dataclass(frozen=True, slots=True)
class Ticked:
    """What one slot came to: a run, or the reason why there is none."""

    slot: datetime
    run_id: UUID | None
    reason: str
    is_report: bool


@dataclass(frozen=True, slots=True)
class Sketch:
    """What somebody typed of a schedule; the room decides whether it is one."""

    name: str
    notebook: str
    cron: str | None
    time_zone: str
    after: Sequence[str]
    catch_up: int
    recipients: Sequence[str]


class PlanningStore:
    """Asks about schedules and changes them for one visit."""

    def __init__(self, desk: Desk) -> None:
        """Remember who asks; nothing is read yet."""
        self._desk = desk

    @property
    def may_see(self) -> bool:
        """Whether it makes sense to show schedules."""
        return self._desk.actor.may(Permission.SCHEDULE_READ)

    @property
    def may_change(self) -> bool:
        """Whether it makes sense to offer making and changing them; the commands decide."""
        return self._desk.actor.may(Permission.SCHEDULE_MANAGE)

    async def schedules(self, names: Mapping[UUID, str]) -> list[Planned]:
        """The tenant's schedules by name, each with its next five times; none for who may not."""
        if not self.may_see:
            return []
        actor = self._desk.actor
        async with self._desk.session() as session:
            found = (await session.scalars(queries.schedules(actor))).all()
            links = (await session.scalars(queries.links(actor))).all()
        called = {each.id: each.name for each in found}
        return [self._planned(each, links, called, dict(names)) for each in found]

    async def ticks(self, schedule_id: UUID) -> list[Ticked]:
        """What the last slots of a schedule came to, the newest first."""
        actor = self._desk.actor
        async with self._desk.session() as session:
            found = await session.scalars(queries.ticks(actor, schedule_id).limit(TICKS))
            return [Ticked(t.slot, t.run_id, t.reason or "", t.is_report) for t in found]

    def preview(self, cron: str, time_zone: str) -> list[datetime]:
        """The next five times of an expression in its zone; raise Invalid when it is none."""
        now = datetime.now(UTC)
        times.check(cron, time_zone, now)
        return times.following(cron, time_zone, now, TIMES)

    async def save(
        self, sketch: Sketch, parameters: Mapping[str, Any], schedule_id: UUID | None
    ) -> UUID:
        """Make a schedule, or change one; raise Invalid with what is wrong and where."""
        desk, now = self._desk, datetime.now(UTC)
        values: dict[str, Any] = {name: getattr(sketch, name) for name in EVERY}
        async with desk.session() as session:
            if schedule_id is None:
                values |= {"notebook": sketch.notebook, "parameters": dict(parameters)}
                new = _read(NewSchedule, values)
                notebook = notebooks.notebook(desk.actor, desk.shelf, new.notebook)
                made = await commands.create(session, desk.actor, notebook, new, now)
                return made.id
            values |= {"parameters": dict(parameters)}
            found = await self._locked(session, schedule_id)
            notebook = notebooks.notebook(desk.actor, desk.shelf, found.notebook)
            change = _read(ScheduleChange, values)
            await commands.change(session, desk.actor, notebook, found, change, now)
            return found.id

    async def pause(self, schedule_id: UUID) -> None:
        """Let a schedule rest until somebody resumes it."""
        async with self._desk.session() as session:
            found = await self._locked(session, schedule_id)
            await commands.pause(session, self._desk.actor, found, datetime.now(UTC))

    async def resume(self, schedule_id: UUID) -> None:
        """Set a schedule going again, as the visitor's own."""
        desk = self._desk
        async with desk.session() as session:
            found = await self._locked(session, schedule_id)
            notebook = notebooks.notebook(desk.actor, desk.shelf, found.notebook)
            await commands.resume(session, desk.actor, notebook, found, datetime.now(UTC))

    async def delete(self, schedule_id: UUID) -> None:
        """Delete a schedule; it can be restored."""
        async with self._desk.session() as session:
            found = await self._locked(session, schedule_id)
            await commands.delete(session, self._desk.actor, found)

    async def restore(self, schedule_id: UUID) -> None:
        """Bring a deleted schedule back, paused."""
        async with self._desk.session() as session:
            await commands.restore(session, self._desk.actor, schedule_id, datetime.now(UTC))

    async def _locked(self, session: AsyncSession, schedule_id: UUID) -> Schedule:
        found = await session.scalar(queries.changeable(self._desk.actor, schedule_id))
        if found is None:
            raise NotFound
        return found

    def _planned(
        self,
        schedule: Schedule,
        links: Sequence[Link],
        called: Mapping[UUID, str],
        names: dict[UUID, str],
    ) -> Planned:
        after = [link.upstream_id for link in links if link.schedule_id == schedule.id]
        is_paused = schedule.paused_at is not None
        slots: list[datetime] = []
        if schedule.cron and not is_paused:
            slots = times.following(schedule.cron, schedule.time_zone, datetime.now(UTC), TIMES)
        return Planned(
            id=schedule.id,
            name=schedule.name,
            notebook=schedule.notebook,
            title=self._desk.title(schedule.notebook),
            parameters=dict(schedule.parameters),
            cron=schedule.cron or "",
            time_zone=schedule.time_zone,
            after=after,
            after_names=[called.get(each, "a deleted schedule") for each in after],
            catch_up=schedule.catch_up,
            recipients=list(schedule.recipients),
            owner=self._desk.who(schedule.owner_id, names),
            times=slots,
            is_paused=is_paused,
            paused_reason=schedule.paused_reason or "",
        )


def _read(shape: type[Shape], values: dict[str, Any]) -> Shape:
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        raise Invalid(
            details=[
                Detail(str(wrong["loc"][0]) if wrong["loc"] else "", wrong["msg"])
                for wrong in error.errors(include_url=False)
            ]
        ) from error
