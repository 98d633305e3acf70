"""A shelf, schedules on it, and schedulers with a clock of the test's own."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.support.bench import bench
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.permissions import Permission
from workbench.runs.models import Run
from workbench.schedules import commands, queries
from workbench.schedules.models import Schedule, Tick
from workbench.schedules.schemas import NewSchedule
from workbench.worker import schedules

__all__ = ["Room", "at", "bench", "room"]


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Room:
    """Schedules of the notebook `count` in one database."""

    bench: Bench

    async def make(self, actor: Actor, now: str, **order: Any) -> Schedule:
        """Make a schedule at a time; its name is that of the notebook unless it is given."""
        new = NewSchedule(**({"name": "count", "notebook": "count"} | order))
        parts = self.bench.parts
        async with parts.database.session(actor) as session:
            notebook = parts.shelf.named(new.notebook)
            return await commands.create(session, actor, notebook, new, at(now))

    async def tick(self, now: str, *made: Schedule, schedulers: int = 1) -> int:
        """Let schedulers look at once; how many runs the schedules have started since."""
        before = [len(await self.runs(each)) for each in made]
        looks = [schedules.tick(self.bench.parts, at(now)) for _ in range(schedulers)]
        await asyncio.gather(*looks)
        return sum([len(await self.runs(each)) for each in made]) - sum(before)

    async def seen(self, schedule: Schedule) -> tuple[Schedule, list[Tick]]:
        """A schedule as it stands, and its ticks, the oldest first."""
        reader = _task(schedule)
        async with self.bench.parts.database.session(reader) as session:
            found = (await session.scalars(queries.schedule(reader, schedule.id))).one()
            ticks = (await session.scalars(queries.ticks(reader, schedule.id))).all()
        return found, list(reversed(ticks))

    async def runs(self, schedule: Schedule) -> list[Run]:
        """The runs that a schedule started, the oldest first."""
        _, ticks = await self.seen(schedule)
        reader = _task(schedule)
        ids = [tick.run_id for tick in ticks if tick.run_id is not None]
        async with self.bench.parts.database.session(reader) as session:
            statement = select(Run).where(Run.id.in_(ids)).order_by(Run.id)
            return list(await session.scalars(statement))

    async def end(self, *ended: Run, status: str = "succeeded") -> None:
        """End runs as a worker does."""
        for run in ended:
            keeper = _task(run)
            async with self.bench.parts.database.session(keeper) as session:
                await session.execute(
                    update(Run)
                    .where(Run.tenant_id == run.tenant_id, Run.id == run.id)
                    .values(status=status, finished_at=at("2026-01-01"))
                )


def _task(owned: Schedule | Run) -> Actor:
    held = (Permission.SCHEDULE_READ, Permission.RUN_READ, Permission.RUN_START)
    return Actor.of_system("test", *held, tenant_id=owned.tenant_id)


@pytest.fixture
def room(bench: Bench) -> Room:
    """Schedules of a notebook that reads, and of one that may write."""
    bench.put("count", "most = 3", parameters={"most": {"kind": "integer", "default": 3}})
    bench.put("fill", "most = 3", permissions=[Permission.ROW_WRITE])
    return Room(bench)
