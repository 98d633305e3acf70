"""Schedules that wait for others: exactly once, and never in a circle."""

from uuid import UUID

import pytest

from tests.schedules.conftest import Room, at
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.schedules import chains, commands
from workbench.schedules.errors import Cycle, UnknownUpstream, WaitedFor
from workbench.schedules.models import Schedule
from workbench.schedules.schemas import ScheduleChange

HOURLY = {"cron": "0 * * * *"}


@pytest.mark.acts_as("engineer")
async def test_it_starts_once_when_both_have_succeeded(room: Room, actor: Actor) -> None:
    """Not after one, once after both however many look, and again after the next two."""
    first = await room.make(actor, "2026-01-01T00:30", name="first", **HOURLY)
    second = await room.make(actor, "2026-01-01T00:30", name="second", **HOURLY)
    both = [first.id, second.id]
    last = await room.make(actor, "2026-01-01T00:30", name="last", after=both)
    for hour, succeeded in (("01", 1), ("02", 2)):
        assert await room.tick(f"2026-01-01T{hour}:00", first, second) == 2
        *_, one = await room.runs(first)
        *_, two = await room.runs(second)
        await room.end(one)
        assert await room.tick(f"2026-01-01T{hour}:01", last) == 0
        await room.end(two, status="failed")
        assert await room.tick(f"2026-01-01T{hour}:02", last) == 0
        await room.end(two)
        assert await room.tick(f"2026-01-01T{hour}:03", last, schedulers=4) == 1
        assert await room.tick(f"2026-01-01T{hour}:04", last) == 0
        assert len(await room.runs(last)) == succeeded
    # Those that are run again and succeed again are used up already.
    await room.end(*await room.runs(first))
    assert await room.tick("2026-01-01T02:05", last) == 0


@pytest.mark.acts_as("engineer")
async def test_no_circle_is_drawn(room: Room, actor: Actor, database: Database) -> None:
    """Neither by a change nor by waiting for oneself; what others wait for is not deleted."""
    first = await room.make(actor, "2026-01-01T00:30", name="first", **HOURLY)
    second = await room.make(actor, "2026-01-01T00:30", name="second", after=[first.id])
    third = await room.make(actor, "2026-01-01T00:30", name="third", after=[second.id])
    notebook = room.bench.parts.shelf.named("count")

    async def wait(schedule: Schedule, after: list[UUID]) -> list[UUID]:
        async with database.session(actor) as session:
            found, wanted = await session.merge(schedule), ScheduleChange(after=after)
            await commands.change(session, actor, notebook, found, wanted, at("2026-01-01"))
            return await chains.upstream(session, actor, schedule.id)

    async def remove(schedule: Schedule) -> None:
        async with database.session(actor) as session:
            await commands.delete(session, actor, schedule)

    for after, error in (
        ([third.id], Cycle),
        ([first.id], Cycle),
        ([new_id()], UnknownUpstream),
    ):
        with pytest.raises(error):
            await wait(first, after)
    with pytest.raises(WaitedFor):
        await remove(second)
    assert await wait(third, [first.id]) == [first.id]
    await remove(second)
