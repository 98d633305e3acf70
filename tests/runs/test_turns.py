"""Whose turn it is, what an order may cost, and what becomes of a run that is tried again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.conftest import MakeActor
from tests.support import people
from workbench.actor import Actor
from workbench.db.embedded import Embedded
from workbench.db.session import Database
from workbench.notebooks import Notebook
from workbench.notebooks.kinds import Integer
from workbench.permissions import Permission
from workbench.runs import attempts, commands, keys, queries, turns
from workbench.runs.attempts import Attempt
from workbench.runs.commands import KeyUsed
from workbench.runs.models import Run
from workbench.runs.quotas import Quota, TooManyRuns
from workbench.runs.retries import FIRST, LONGEST, Cause, pause
from workbench.runs.schemas import Status
from workbench.runs.upstream import UnknownRun
from workbench.tenants import commands as tenants
from workbench.tenants.models import Tenant
from workbench.worker import skipping

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOTH = ("interactive", "batch")


def notebook(**contract: object) -> Notebook:
    """A notebook of a queue, with a priority."""
    declared: dict[str, object] = {"parameters": {"most": Integer(minimum=1, default=3)}}
    return Notebook(name="count", path=Path("count.ipynb"), title="Count", **declared | contract)  # type: ignore[arg-type]


def keeper(tenant_id: UUID) -> Actor:
    """The system's actor that keeps a tenant's runs."""
    return Actor.of_system("runs", Permission.RUN_READ, Permission.RUN_START, tenant_id=tenant_id)


async def order(database: Database, actor: Actor, **contract: object) -> Run:
    """Order a run."""
    async with database.session(actor) as session:
        return await commands.start(session, actor, notebook(**contract), {})


async def take(
    database: Database, queues: tuple[str, ...], most: int, passed: tuple[UUID, ...] = ()
) -> UUID | None:
    """Begin the run whose turn it is."""
    async with database.session(Actor.of_system("runs")) as session:
        turn = await turns.next_turn(session, queues, most, passed)
    if turn is None:
        return None
    system = keeper(turn.tenant_id)
    async with database.session(system) as session:
        time = await attempts.clock(session)
        await attempts.begin(session, system, turn.run_id, time, slot=turn.slot, worker="here")
    return turn.run_id


@pytest.fixture
def alone(migrated: Embedded) -> None:
    """No run of another test waits, or is to be tried again in a moment."""
    with migrated.superuser("workbench") as superuser:
        superuser.execute(
            "update workbench.runs set status = 'cancelled', slot = null "
            "where status in ('queued', 'running')"
        )


@pytest.mark.usefixtures("alone")
class TestTurns:
    """Which run is next."""

    async def test_a_flood_starves_nobody(
        self,
        database: Database,
        actor: Actor,
        make_actor: MakeActor,
        other_tenant: Tenant,
    ) -> None:
        """Of a tenant that floods two runs work at once; the other's comes as soon as it is there.

        With one hand for all they take turns; within a tenant a priority comes first, and a batch
        after what somebody waits for.
        """
        flood = [(await order(database, actor)).id for _ in range(6)]
        batch = await order(database, actor, queue="batch")
        urgent = await order(database, actor, priority=5)
        assert [await take(database, BOTH, 2) for _ in range(2)] == [urgent.id, flood[0]]
        assert await take(database, BOTH, 2) is None

        quiet = await make_actor(other_tenant, "engineer")
        first, second = [(await order(database, quiet)).id for _ in range(2)]
        assert await take(database, BOTH, 2) == first
        for begun in (urgent.id, flood[0], first):
            await self._finish(database, begun, actor, quiet)
        taken = []
        for _ in range(3):
            taken.append(await take(database, BOTH, 2))
            await self._finish(database, taken[-1], actor, quiet)
        assert taken == [flood[1], second, flood[2]]
        assert await take(database, ("batch",), 2) == batch.id
        assert (await take(database, BOTH, 2, (flood[3],))) == flood[4]

    async def test_a_slot_holds_one_run(self, database: Database, actor: Actor) -> None:
        """Who was slower is refused by PostgreSQL itself; batches leave the last slot free."""
        runs = [await order(database, actor, queue="batch") for _ in range(3)]
        system = keeper(runs[0].tenant_id)
        for run, slot, fits in ((runs[0], 1, True), (runs[1], 1, False), (runs[1], 2, True)):
            beginning = attempts.begin
            if fits:
                async with database.session(system) as session:
                    await beginning(session, system, run.id, NOW, slot=slot)
            else:
                with pytest.raises(IntegrityError):
                    async with database.session(system) as session:
                        await beginning(session, system, run.id, NOW, slot=slot)
        assert await take(database, BOTH, 3) is None
        interactive = await order(database, actor)
        assert await take(database, BOTH, 3) == interactive.id
        async with database.session(actor) as session:
            place = await turns.place(session, actor, runs[2], 3)
        assert (place.ahead, place.waits) == (0, "tenant_at_work")

    async def test_a_run_waits_for_others(
        self, database: Database, actor: Actor, make_actor: MakeActor, other_tenant: Tenant
    ) -> None:
        """It starts when all have succeeded, and is skipped with what waits for it otherwise."""
        first, second = [await order(database, actor) for _ in range(2)]
        async with database.session(actor) as session:
            both = await commands.start(
                session, actor, notebook(priority=9), {}, after=[first.id, second.id]
            )
            last = await commands.start(session, actor, notebook(), {}, after=[both.id])
        assert [await take(database, BOTH, 4) for _ in range(3)] == [first.id, second.id, None]
        async with database.session(actor) as session:
            waiting = (await session.scalars(queries.run(actor, both.id))).one()
            place = await turns.place(session, actor, waiting, 4)
        assert place.waits == "other_runs"
        await self._finish(database, first.id, actor)
        assert await take(database, BOTH, 4) is None
        await self._finish(database, second.id, actor)
        assert await take(database, BOTH, 4) == both.id
        assert await skipping.skip(database) == 0
        await self._finish(database, both.id, actor, status=Status.FAILED)
        async with database.session(actor) as session:
            more = await commands.start(session, actor, notebook(), {}, after=[last.id])

        assert await skipping.skip(database) == 2
        assert await take(database, BOTH, 4) is None
        async with database.session(actor) as session:
            found = [(await session.scalars(queries.run(actor, r.id))).one() for r in (last, more)]
            assert [run.status for run in found] == ["skipped", "skipped"]
            assert found[0].error == f"It waited for run {both.id} of count, which has failed."
            await commands.retry(session, actor, both.id)
            await commands.retry(session, actor, last.id)
        assert await skipping.skip(database) == 0
        assert await take(database, BOTH, 4) == both.id
        await self._finish(database, both.id, actor)
        assert await take(database, BOTH, 4) == last.id
        stranger = await make_actor(other_tenant, "engineer")
        with pytest.raises(UnknownRun):
            async with database.session(stranger) as session:
                await commands.start(session, stranger, notebook(), {}, after=[first.id])

    async def test_a_suspended_tenants_runs_wait(self, database: Database, actor: Actor) -> None:
        """Nobody takes them, and they keep their place until the tenant is back."""
        run = await order(database, actor)
        operator = people.FOUNDER
        async with database.session(operator) as session:
            await tenants.suspend(session, operator, run.tenant_id, NOW)
        assert await take(database, BOTH, 4) is None
        async with database.session(operator) as session:
            await tenants.resume(session, operator, run.tenant_id)
        assert await take(database, BOTH, 4) == run.id

    async def _finish(
        self,
        database: Database,
        run_id: UUID | None,
        *actors: Actor,
        status: Status = Status.SUCCEEDED,
    ) -> None:
        for actor in actors:
            system = keeper(actor.require_tenant())
            async with database.session(system) as session:
                run = await session.scalar(queries.run(system, run_id or UUID(int=0)))
                if run is not None:
                    attempt = Attempt(run.id, run.attempt)
                    await attempts.finish(session, system, attempt, status, NOW)


class TestOrders:
    """What an order may cost."""

    async def test_quotas_say_what_to_do(self, database: Database, actor: Actor) -> None:
        """Two may wait, and three be ordered a day; a key that is known costs nothing."""
        waiting, daily = Quota(waiting=2), Quota(waiting=9, a_day=3)
        async with database.session(actor) as session:
            ordering: Any = (session, actor, notebook(), {})
            first = await commands.start(*ordering, key="first", quota=waiting)
            await commands.start(*ordering, quota=waiting)
            with pytest.raises(TooManyRuns, match=r"2 runs .* wait already; .* cancel some"):
                await commands.start(*ordering, quota=waiting)
            again = await commands.start(*ordering, key="first", quota=waiting)
            assert again.id == first.id
            await commands.start(*ordering, quota=daily)
            with pytest.raises(TooManyRuns, match=r"after \d{4}-.* WORKBENCH_RUNS_A_DAY"):
                await commands.start(*ordering, quota=daily)

    async def test_a_key_makes_one_run_for_ever(
        self, database: Database, actor: Actor, make_actor: MakeActor, tenant: Tenant
    ) -> None:
        """It answers the run also once that has ended; another order is refused under it."""
        key = keys.of(actor, "nightly")
        async with database.session(actor) as session:
            first = await commands.start(session, actor, notebook(), {}, key=key)
            await commands.cancel(session, actor, first.id, NOW)
        async with database.session(actor) as session:
            again = await commands.start(session, actor, notebook(), {}, key=key)
            assert (again.id, again.status) == (first.id, "cancelled")
            with pytest.raises(KeyUsed):
                await commands.start(session, actor, notebook(), {"most": 4}, key=key)
        other = await make_actor(tenant, "engineer")
        async with database.session(other) as session:
            own = await commands.start(
                session, other, notebook(), {"most": 4}, key=keys.of(other, "nightly")
            )
        assert own.id != first.id


class TestRetries:
    """Trying again."""

    @pytest.mark.parametrize(
        ("cause", "declared", "tries"),
        [
            (Cause.FAILURE, 0, 1),
            (Cause.FAILURE, 2, 3),
            (Cause.LOST, 0, 2),
            (Cause.FAULT, 0, 4),
            (Cause.FAULT, 5, 6),
        ],
    )
    async def test_it_is_tried_so_often(
        self, database: Database, actor: Actor, cause: Cause, declared: int, tries: int
    ) -> None:
        """Each try waits longer, has a row of its own, and is not taken before its time."""
        run = await order(database, actor, retries=declared)
        system = keeper(run.tenant_id)
        status, ended, waits = "", run, []
        for _ in range(tries):
            async with database.session(system) as session:
                begun = await attempts.begin(session, system, run.id, NOW, worker="here")
                attempt = Attempt(run.id, begun.attempt)
                time = await attempts.clock(session)
                status = await attempts.end(
                    session, system, attempt, Status.FAILED, NOW, "no luck", cause=cause
                )
                ended = (await session.scalars(queries.run(system, run.id))).one()
                await session.refresh(ended)
                waits.append(round((ended.due_at - time).total_seconds()))
        assert (status, ended.status, ended.error) == ("failed", "failed", "no luck")
        assert waits[:-1] == [2 * 2**n for n in range(tries - 1)]
        async with database.session(actor) as session:
            rows = (await session.scalars(queries.attempts(actor, run.id))).all()
            assert [row.number for row in rows] == [*range(1, tries + 1)]
            lost = "lost" if cause == Cause.LOST else "failed"
            assert [row.outcome for row in rows] == [lost] * (tries - 1) + ["failed"]
            again = await commands.retry(session, actor, run.id)
        assert (again.retried, again.orders) == (0, 2)

    async def test_a_run_that_is_tried_later_says_so(
        self, database: Database, actor: Actor
    ) -> None:
        """Its place tells, nobody takes it before, and the pauses have an end."""
        run = await order(database, actor, retries=3)
        system = keeper(run.tenant_id)
        async with database.session(system) as session:
            begun = await attempts.begin(session, system, run.id, NOW)
            await attempts.end(
                *(session, system, Attempt(run.id, begun.attempt), Status.FAILED, NOW),
                cause=Cause.FAILURE,
            )
            place = await turns.place(session, system, begun, 4)
            jobs = await session.scalar(text("select waiting from workbench.queue_state()"))
        assert (place.waits, bool(jobs)) == ("tried_again_later", True)
        async with database.session(Actor.of_system("runs")) as session:
            turn = await turns.next_turn(session, BOTH, 1000)
        assert turn is None or turn.run_id != run.id
        begun.retries, begun.retried = 10, 0
        assert pause(begun, Cause.FAILURE) == FIRST
        begun.retried = 9
        assert pause(begun, Cause.FAILURE) == LONGEST > timedelta(minutes=1)
