"""What a worker writes, and the fence around it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import MakeActor
from tests.support.left import leave
from workbench.actor import Actor
from workbench.db import soft_delete
from workbench.db.session import Database
from workbench.errors import Forbidden, NotFound, TooMany
from workbench.runs import artifacts, attempts, commands, queries
from workbench.runs.attempts import Attempt, StaleAttempt
from workbench.runs.models import Run
from workbench.runs.schemas import MetricMessage, RunView, Status
from workbench.tenants.models import Tenant

Order = Callable[[Actor], Awaitable[Run]]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
METRIC = MetricMessage(name="rows", value=3, unit="rows", budget=10)


async def _begin(database: Database, keeper: Actor, run: Run) -> Attempt:
    async with database.session(keeper) as session:
        return Attempt(run.id, (await attempts.begin(session, keeper, run.id, NOW)).attempt)


async def _seen(database: Database, actor: Actor, run: Run) -> Run:
    async with database.session(actor) as session:
        return (await session.scalars(queries.run(actor, run.id))).one()


class TestAttempt:
    """One try at a run."""

    async def test_it_goes_from_begin_to_finish(
        self, database: Database, actor: Actor, keeper: Actor, order: Order
    ) -> None:
        """Beats, figures, files and the end are kept; a name's last value counts."""
        run = await order(actor)
        attempt = await _begin(database, keeper, run)
        async with database.session(keeper) as session:
            await attempts.beat(session, keeper, attempt, LATER, 0.5)
            await attempts.record_metric(session, keeper, attempt, METRIC)
            latest = METRIC.model_copy(update={"value": 4.0})
            await attempts.record_metric(session, keeper, attempt, latest)
            await leave(session, keeper, attempt, "words.txt")
            await attempts.finish(session, keeper, attempt, Status.SUCCEEDED, LATER)

        seen = await _seen(database, actor, run)
        view = RunView.model_validate(seen)
        assert (view.status, view.attempt, view.progress) == (Status.SUCCEEDED, 1, 0.5)
        assert (view.started_at, view.finished_at) == (NOW, LATER)
        assert [metric.value for metric in seen.metrics] == [4.0]
        assert [file.name for file in seen.artifacts] == ["words.txt"]

    async def test_a_new_one_puts_away_what_the_last_left(
        self, database: Database, actor: Actor, keeper: Actor, order: Order
    ) -> None:
        """A retried run shows the figures and files of its last attempt only."""
        run = await order(actor)
        first = await _begin(database, keeper, run)
        async with database.session(keeper) as session:
            await attempts.record_metric(session, keeper, first, METRIC)
            await leave(session, keeper, first, "words.txt")
            await attempts.finish(session, keeper, first, Status.FAILED, NOW, "\0it broke")
        assert (await _seen(database, actor, run)).error == "it broke"
        async with database.session(actor) as session:
            await commands.retry(session, actor, run.id)
        second = await _begin(database, keeper, run)

        seen = await _seen(database, actor, run)
        assert (second.number, seen.metrics, seen.artifacts) == (2, [], [])

    async def test_one_that_is_over_writes_nothing(
        self, database: Database, actor: Actor, keeper: Actor, order: Order
    ) -> None:
        """Every write of a lost worker is a conflict, and leaves the run as it is."""
        run = await order(actor)
        attempt = await _begin(database, keeper, run)
        async with database.session(actor) as session:
            await commands.cancel(session, actor, run.id, NOW)
        async with database.session(keeper) as session:
            for write in (
                attempts.beat(session, keeper, attempt, NOW, None),
                attempts.record_metric(session, keeper, attempt, METRIC),
                leave(session, keeper, attempt, "words.txt"),
                attempts.finish(session, keeper, attempt, Status.SUCCEEDED, NOW),
                attempts.release(session, keeper, attempt),
                attempts.begin(session, keeper, run.id, NOW),
            ):
                with pytest.raises(StaleAttempt):
                    await write

        seen = await _seen(database, actor, run)
        assert (seen.status, seen.metrics, seen.artifacts) == ("cancelled", [], [])

    async def test_it_has_room_for_so_many_files(
        self, database: Database, actor: Actor, keeper: Actor, order: Order
    ) -> None:
        """The file after the last one is refused; one that is there already is replaced."""
        run = await order(actor)
        attempt = await _begin(database, keeper, run)
        async with database.session(keeper) as session:
            for number in range(artifacts.MAX_ARTIFACTS):
                await leave(session, keeper, attempt, f"{number}.txt")
            await leave(session, keeper, attempt, "0.txt")
            with pytest.raises(TooMany):
                await leave(session, keeper, attempt, "more.txt")

    @pytest.mark.acts_as("viewer")
    async def test_it_is_not_written_by_a_viewer(
        self,
        database: Database,
        actor: Actor,
        keeper: Actor,
        make_actor: MakeActor,
        tenant: Tenant,
        order: Order,
    ) -> None:
        """A viewer reads the run and changes nothing of it."""
        run = await order(await make_actor(tenant, "analyst"))
        attempt = await _begin(database, keeper, run)
        assert (await _seen(database, actor, run)).status == "running"
        async with database.session(actor) as session:
            with pytest.raises(Forbidden):
                await attempts.finish(session, actor, attempt, Status.SUCCEEDED, NOW)


class TestRescue:
    """A run whose worker is silent."""

    async def test_it_is_tried_once_more_and_then_fails(
        self, database: Database, actor: Actor, keeper: Actor, order: Order
    ) -> None:
        """The first loss queues the run again, the second fails it."""
        run = await order(actor)
        outcomes = []
        for _ in range(2):
            await _begin(database, keeper, run)
            async with database.session(Actor.of_system("runs")) as session:
                assert (run.tenant_id, run.id) in await attempts.stalled(session, LATER)
            async with database.session(keeper) as session:
                outcomes.append(await attempts.rescue(session, keeper, run.id, LATER, NOW))

        assert outcomes == [Status.QUEUED, Status.FAILED]
        assert "lost more than once" in str((await _seen(database, actor, run)).error)

    async def test_one_that_beats_is_left_alone(
        self, database: Database, actor: Actor, keeper: Actor, order: Order
    ) -> None:
        """A run with a fresh heartbeat is neither found nor touched."""
        run = await order(actor)
        attempt = await _begin(database, keeper, run)
        async with database.session(keeper) as session:
            await attempts.beat(session, keeper, attempt, LATER, None)
            assert await attempts.rescue(session, keeper, run.id, LATER, NOW) is None
            assert (run.tenant_id, run.id) not in await attempts.stalled(session, LATER)

    async def test_the_lost_worker_is_fenced_off(
        self, database: Database, actor: Actor, keeper: Actor, order: Order
    ) -> None:
        """The old attempt cannot finish the run that the new one executes."""
        run = await order(actor)
        lost = await _begin(database, keeper, run)
        async with database.session(keeper) as session:
            await attempts.rescue(session, keeper, run.id, LATER, NOW)
        await _begin(database, keeper, run)

        async with database.session(keeper) as session:
            with pytest.raises(StaleAttempt):
                await attempts.finish(session, keeper, lost, Status.SUCCEEDED, NOW)
        assert (await _seen(database, actor, run)).status == "running"


class TestQueries:
    """Reading runs."""

    async def test_pages_follow_one_another(
        self, database: Database, actor: Actor, order: Order
    ) -> None:
        """The newest runs come first, each on one page only, filtered when asked."""
        ids = [(await order(actor)).id for _ in range(3)]
        async with database.session(actor) as session:
            first = (await session.scalars(queries.runs(actor, limit=2))).all()
            cursor = queries.cursor(first[1])
            rest = (await session.scalars(queries.runs(actor, limit=2, cursor=cursor))).all()
            none = await session.scalars(queries.runs(actor, status=Status.FAILED))
            other = await session.scalars(queries.runs(actor, notebook="another"))
            assert none.all() == other.all() == []

        assert [run.id for run in first] == ids[::-1]
        assert [run.id for run in rest] == ids[:1]

    async def test_what_a_deleted_run_left_is_gone(
        self, database: Database, actor: Actor, keeper: Actor, order: Order
    ) -> None:
        """Neither the list nor a guessed name shows a file or figure of a deleted run."""
        run = await order(actor)
        attempt = await _begin(database, keeper, run)
        async with database.session(keeper) as session:
            await leave(session, keeper, attempt, "words.txt")
            await attempts.record_metric(session, keeper, attempt, METRIC)
        by_name = queries.artifact(actor, run.id, "words.txt")
        async with database.session(actor) as session:
            assert (await session.scalars(by_name)).one().name == "words.txt"
            where = soft_delete.one(Run, run.tenant_id, run.id)
            await soft_delete.remove(session, actor, Run, *where)
        async with database.session(actor) as session:
            assert (await session.scalars(by_name)).all() == []
            assert (await session.scalars(queries.metrics(actor, run.id))).all() == []
            with pytest.raises(NotFound):
                await commands.cancel(session, actor, run.id, NOW)

    async def test_another_tenant_sees_nothing(
        self,
        database: Database,
        actor: Actor,
        keeper: Actor,
        make_actor: MakeActor,
        other_tenant: Tenant,
        order: Order,
    ) -> None:
        """A stranger's statement for a foreign run finds neither run nor file."""
        stranger = await make_actor(other_tenant, "owner")
        run = await order(actor)
        attempt = await _begin(database, keeper, run)
        async with database.session(keeper) as session:
            await leave(session, keeper, attempt, "words.txt")
        for who, found in ((stranger, 0), (actor, 1)):
            async with database.session(who) as session:
                files = await session.scalars(queries.artifacts(actor, run.id))
                assert len(files.all()) == found
