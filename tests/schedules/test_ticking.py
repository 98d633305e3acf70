"""Slots become runs: each once, as the schedule's owner, however late and by however many (N11)."""

import pytest
from sqlalchemy import Update, delete, select, update
from sqlalchemy.exc import ProgrammingError

from tests.conftest import MakeActor
from tests.schedules.conftest import Room, at
from tests.support import people
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.notifications.models import Mail
from workbench.permissions import Permission, Role
from workbench.runs.models import Run
from workbench.schedules import commands
from workbench.schedules.models import Schedule
from workbench.tenants.models import Tenant
from workbench.worker.runs import keeper

DAILY = {"cron": "30 2 * * *", "time_zone": "Europe/Berlin"}


@pytest.mark.acts_as("engineer")
async def test_each_slot_runs_once(room: Room, actor: Actor, database: Database) -> None:
    """Four schedulers at once start one run, as the owner, and the clock goes on by one slot."""
    made = await room.make(actor, "2026-01-01T12:00", parameters={"most": 5}, **DAILY)
    assert made.next_at == at("2026-01-02T01:30")
    assert await room.tick("2026-01-02T01:29:59", made) == 0
    assert await room.tick("2026-01-02T01:30", made, schedulers=4) == 1
    found, ticks = await room.seen(made)
    assert [tick.slot for tick in ticks] == [at("2026-01-02T01:30")]
    assert found.next_at == at("2026-01-03T01:30")
    [run] = await room.runs(made)
    assert (run.requested_by, run.parameters, run.status) == (actor.user_id, {"most": 5}, "queued")
    assert await room.tick("2026-01-02T01:31", made) == 0
    keeping = keeper(actor.require_tenant())
    async with database.session(keeping) as session:
        await session.execute(delete(Run).where(Run.id == run.id))
    assert [tick.run_id for tick in (await room.seen(made))[1]] == [None], "it outlasts its run"


@pytest.mark.acts_as("engineer")
@pytest.mark.parametrize(
    ("catch_up", "now", "hours"),
    [
        (0, "2026-01-01T03:04", [3]),  # late, and not yet missed
        (0, "2026-01-01T03:30", []),
        (1, "2026-01-01T03:30", [3]),
        (2, "2026-01-01T03:30", [2, 3]),
        (24, "2026-01-01T03:30", [1, 2, 3]),
    ],
)
async def test_missed_slots_follow_the_policy(
    room: Room, actor: Actor, catch_up: int, now: str, hours: list[int]
) -> None:
    """After three slots without a scheduler: none, the newest, or the newest so many."""
    made = await room.make(actor, "2026-01-01T00:30", cron="0 * * * *", catch_up=catch_up)
    assert await room.tick(now, made) == len(hours)
    found, ticks = await room.seen(made)
    assert [tick.slot.hour for tick in ticks] == hours
    assert found.next_at == at("2026-01-01T04:00")


@pytest.mark.acts_as("engineer")
async def test_a_pause_leaves_out_what_it_covers(
    room: Room, actor: Actor, make_actor: MakeActor, tenant: Tenant, database: Database
) -> None:
    """A paused schedule starts nothing; resumed, it goes on, and as whoever resumed it."""
    made = await room.make(actor, "2026-01-01T00:30", cron="0 * * * *", catch_up=24)
    async with database.session(actor) as session:
        await commands.pause(session, actor, await session.merge(made), at("2026-01-01T00:40"))
    assert await room.tick("2026-01-01T03:00", made) == 0
    other = await make_actor(tenant, Role.ENGINEER)
    paused, _ = await room.seen(made)
    async with database.session(other) as session:
        notebook = room.bench.parts.shelf.named("count")
        paused = await session.merge(paused)
        await commands.resume(session, other, notebook, paused, at("2026-01-01T03:10"))
    assert await room.tick("2026-01-01T03:20", made) == 0
    assert await room.tick("2026-01-01T04:00", made) == 1
    assert [run.requested_by for run in await room.runs(made)] == [other.user_id]


async def test_an_owner_who_left_starts_nothing(
    room: Room, make_actor: MakeActor, tenant: Tenant, database: Database
) -> None:
    """The schedule is paused with the reason, the tenant's owner is told, once; others go on."""
    user = await people.make_user(database)
    membership = await people.join(database, tenant.id, user.id, Role.ENGINEER)
    gone = await people.admit(database, user.id, tenant.id)
    owner = await make_actor(tenant, Role.OWNER)
    theirs = await room.make(gone, "2026-01-01T00:30", cron="0 * * * *")
    kept = await room.make(owner, "2026-01-01T00:30", cron="0 * * * *", name="kept")
    await people.leave(database, tenant.id, membership)
    assert await room.tick("2026-01-01T01:00", theirs, kept) == 1
    assert await room.tick("2026-01-01T02:00", theirs, kept) == 1
    found, ticks = await room.seen(theirs)
    assert (ticks, found.next_at, found.paused_at) == ([], None, at("2026-01-01T01:00"))
    assert found.paused_reason == "This person may no longer act in this tenant."
    assert len(await room.runs(kept)) == 2
    postman = Actor.of_system("mail", Permission.MAIL_SEND, tenant_id=tenant.id)
    async with database.session(postman) as session:
        [mail] = await session.scalars(select(Mail).where(Mail.tenant_id == tenant.id))
    assert (mail.template, mail.user_id) == ("schedule_paused", owner.user_id)


async def test_an_owner_with_fewer_rights_pauses_it(
    room: Room, tenant: Tenant, database: Database
) -> None:
    """Rights are those of the moment: an engineer who became a viewer starts nothing."""
    user = await people.make_user(database)
    membership = await people.join(database, tenant.id, user.id, Role.ENGINEER)
    engineer = await people.admit(database, user.id, tenant.id)
    made = await room.make(engineer, "2026-01-01T00:30", cron="0 * * * *")
    await people.change_role(database, tenant.id, membership, Role.VIEWER)
    assert await room.tick("2026-01-01T01:00", made) == 0
    found, _ = await room.seen(made)
    assert "run:start" in str(found.paused_reason)


async def test_nobody_sets_anothers_schedule_going(
    room: Room, make_actor: MakeActor, tenant: Tenant, database: Database
) -> None:
    """PostgreSQL refuses it without the room as well: a going schedule is its owner's to change."""
    owner, other = [await make_actor(tenant, Role.ENGINEER) for _ in range(2)]
    made = await room.make(owner, "2026-01-01T00:30", cron="0 * * * *")
    change = update(Schedule).where(Schedule.id == made.id)
    for values in ({"parameters": {"most": 9}}, {"owner_id": owner.user_id}):
        with pytest.raises(ProgrammingError, match="row-level security"):
            await _execute(database, other, change.values(values))
    await _execute(database, owner, change.values(parameters={"most": 9}))
    await _execute(database, other, change.values(owner_id=other.user_id))
    found, _ = await room.seen(made)
    assert (found.parameters, found.owner_id) == ({"most": 9}, other.user_id)


async def _execute(database: Database, actor: Actor, statement: Update) -> None:
    async with database.session(actor) as session:
        await session.execute(statement)


@pytest.mark.acts_as("engineer")
async def test_one_in_trouble_keeps_no_other_waiting(
    room: Room, actor: Actor, database: Database
) -> None:
    """A schedule whose time zone is no more starts nothing; the one after it does."""
    lost = await room.make(actor, "2026-01-01T00:30", name="lost", cron="0 * * * *")
    kept = await room.make(actor, "2026-01-01T00:40", name="kept", cron="0 * * * *")
    change = update(Schedule).where(Schedule.id == lost.id)
    await _execute(database, actor, change.values(time_zone="Mars/Olympus"))
    assert await room.tick("2026-01-01T01:00", lost, kept) == 1
    assert len(await room.runs(kept)) == 1
    async with database.session(actor) as session:
        await commands.delete(session, actor, lost)
