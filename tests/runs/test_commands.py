"""What people order: start, cancel, retry."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import ProgrammingError

from tests.conftest import MakeActor
from workbench.access import queries as access
from workbench.actor import Actor
from workbench.audit.models import AuditEntry
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Forbidden, NotFound
from workbench.identity.tokens import Claims
from workbench.notebooks import Notebook
from workbench.notebooks.contract import InvalidParameters
from workbench.outbox.models import OutboxMessage
from workbench.permissions import Permission, Role
from workbench.runs import attempts, commands, queries
from workbench.runs.attempts import Attempt
from workbench.runs.commands import RunEnded, RunLive
from workbench.runs.models import Run
from workbench.runs.schemas import Status
from workbench.tenants.models import Tenant

Order = Callable[[Actor], Awaitable[Run]]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class TestStart:
    """Ordering a run."""

    async def test_it_queues_the_run_with_all_parameters(
        self, database: Database, actor: Actor, notebook: Notebook
    ) -> None:
        """Defaults are filled in, and the row is there when the order commits."""
        async with database.session(actor) as session:
            ordered = await commands.start(session, actor, notebook, {})

        async with database.session(actor) as session:
            run = (await session.scalars(queries.run(actor, ordered.id))).one()
        assert (run.status, run.parameters, run.attempt) == ("queued", {"most": 3}, 0)
        assert run.requested_by == actor.user_id
        assert not run.metrics
        assert not run.artifacts

    @pytest.mark.acts_as("viewer")
    async def test_it_refuses_a_viewer(
        self, database: Database, actor: Actor, notebook: Notebook
    ) -> None:
        """A viewer reads runs and starts none."""
        async with database.session(actor) as session:
            with pytest.raises(Forbidden, match="run:start"):
                await commands.start(session, actor, notebook, {})

    async def test_it_refuses_who_lacks_what_the_notebook_needs(
        self, database: Database, actor: Actor, notebook: Notebook
    ) -> None:
        """The notebook's permissions are asked before anything is queued."""
        narrowed = actor.narrowed([Permission.RUN_START])
        async with database.session(narrowed) as session:
            with pytest.raises(Forbidden, match="row:read"):
                await commands.start(session, narrowed, notebook, {})

    async def test_it_refuses_parameters_that_do_not_fit(
        self, database: Database, actor: Actor, notebook: Notebook
    ) -> None:
        """Nothing is queued for an unknown name or a wrong type."""
        async with database.session(actor) as session:
            with pytest.raises(InvalidParameters):
                await commands.start(session, actor, notebook, {"least": 1})
            assert (await session.scalars(queries.runs(actor))).all() == []

    async def test_a_sandbox_notebook_needs_its_permission(
        self,
        database: Database,
        tenant: Tenant,
        make_actor: MakeActor,
        notebook: Notebook,
    ) -> None:
        """An analyst gets no disposable database; an engineer does."""
        wanting = Notebook(name="wild", path=notebook.path, title="Wild", sandbox=True)
        analyst, engineer = [await make_actor(tenant, r) for r in (Role.ANALYST, Role.ENGINEER)]
        async with database.session(analyst) as session:
            with pytest.raises(Forbidden, match="sandbox:run"):
                await commands.start(session, analyst, wanting, {})
        async with database.session(engineer) as session:
            run = await commands.start(session, engineer, wanting, {})
        assert run.status == "queued"

    async def test_it_refuses_an_actor_who_is_nobody(
        self, database: Database, keeper: Actor, notebook: Notebook
    ) -> None:
        """A system task starts no run in nobody's name."""
        plain = Notebook(name="plain", path=notebook.path, title="Plain")
        async with database.session(keeper) as session:
            with pytest.raises(Forbidden, match="person"):
                await commands.start(session, keeper, plain, {})


class TestCancel:
    """Ending a run."""

    async def test_it_ends_a_waiting_run(
        self, database: Database, actor: Actor, order: Order
    ) -> None:
        """The run is cancelled, audited and told of; it does not begin any more."""
        run = await order(actor)
        async with database.session(actor) as session:
            cancelled = await commands.cancel(session, actor, run.id, NOW)

        assert (cancelled.status, cancelled.finished_at) == ("cancelled", NOW)
        async with database.session(actor) as session:
            told = select(OutboxMessage.topic).order_by(OutboxMessage.id)
            topics = await session.scalars(told)
            assert topics.all()[-2:] == ["run.moved", "run.finished"]

    async def test_it_takes_the_rights_of_the_run(
        self, database: Database, actor: Actor, keeper: Actor, order: Order
    ) -> None:
        """What acted through the run is refused at its next statement."""
        run = await order(actor)
        assert actor.user_id is not None
        claims = Claims(Attempt(run.id, run.attempt).sid, actor.user_id, actor.tenant_id)
        async with database.session(keeper) as session:
            kernel = await access.admit(session, claims, datetime.now(UTC) + timedelta(minutes=1))
        assert kernel is not None
        async with database.session(kernel) as session:
            assert (await session.scalars(queries.runs(kernel))).all() != []
        async with database.session(actor) as session:
            await commands.cancel(session, actor, run.id, NOW)

        with pytest.raises(ProgrammingError, match="revoked"):
            async with database.session(kernel) as session:
                await session.scalars(queries.runs(kernel))

    async def test_it_refuses_what_has_ended(
        self, database: Database, actor: Actor, order: Order
    ) -> None:
        """A second cancellation is a conflict."""
        run = await order(actor)
        async with database.session(actor) as session:
            await commands.cancel(session, actor, run.id, NOW)
            with pytest.raises(RunEnded):
                await commands.cancel(session, actor, run.id, NOW)

    async def test_it_finds_no_run_of_another_tenant(
        self,
        database: Database,
        actor: Actor,
        make_actor: MakeActor,
        other_tenant: Tenant,
        order: Order,
    ) -> None:
        """Another tenant's run is as unknown as one that never was; its own tenant ends it."""
        stranger = await make_actor(other_tenant, "owner")
        run = await order(actor)
        for run_id in (run.id, new_id()):
            async with database.session(stranger) as session:
                with pytest.raises(NotFound):
                    await commands.cancel(session, stranger, run_id, NOW)
        async with database.session(actor) as session:
            assert (await commands.cancel(session, actor, run.id, NOW)).status == "cancelled"


class TestRetry:
    """Ordering an ended run again."""

    @pytest.mark.acts_as("owner")
    async def test_it_queues_the_run_again(
        self, database: Database, actor: Actor, keeper: Actor, order: Order
    ) -> None:
        """A failed run waits again, blank, with the rights of who ordered it now, audited."""
        run = await order(actor)
        async with database.session(keeper) as session:
            begun = await attempts.begin(session, keeper, run.id, NOW)
            attempt = Attempt(run.id, begun.attempt)
            await attempts.finish(session, keeper, attempt, Status.FAILED, NOW, "it broke")
        async with database.session(actor) as session:
            again = await commands.retry(session, actor, run.id)

        assert (again.status, again.error, again.finished_at) == ("queued", None, None)
        async with database.session(actor) as session:
            actions = await session.scalars(
                select(AuditEntry.action)
                .where(AuditEntry.target == str(run.id))
                .order_by(AuditEntry.id)
            )
            assert actions.all() == ["run.start", "run.begin", "run.finish", "run.retry"]

    async def test_it_refuses_a_run_that_is_live(
        self, database: Database, actor: Actor, order: Order
    ) -> None:
        """A waiting run is not ordered twice."""
        run = await order(actor)
        async with database.session(actor) as session:
            with pytest.raises(RunLive):
                await commands.retry(session, actor, run.id)
