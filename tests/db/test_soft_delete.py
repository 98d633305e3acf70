"""Deleting by a mark: hidden everywhere, restorable, and gone after a purge (R40, R41, R42)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from workbench.actor import Actor
from workbench.db import soft_delete
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.permissions import Permission
from workbench.runs.models import Metric, Run
from workbench.tenants.models import Tenant

HERE = (Permission.RUN_READ, Permission.RUN_START)


@pytest.fixture
def keeper(tenant: Tenant) -> Actor:
    """A task that works on the tenant's runs."""
    return Actor.of_system("test", *HERE, tenant_id=tenant.id)


@pytest.fixture
async def session(database: Database, keeper: Actor) -> AsyncIterator[AsyncSession]:
    """The task's session."""
    async with database.session(keeper) as session:
        yield session


@pytest.fixture
async def run(session: AsyncSession, actor: Actor, tenant: Tenant) -> Run:
    """A run of the tenant."""
    run = Run(
        id=new_id(), tenant_id=tenant.id, notebook="n", parameters={}, status="queued",
        requested_by=actor.user_id,
    )  # fmt: skip
    session.add(run)
    await session.flush()
    return run


async def _remove(session: AsyncSession, keeper: Actor, run: Run) -> None:
    await soft_delete.remove(session, keeper, Run, *soft_delete.one(Run, run.tenant_id, run.id))
    session.expunge_all()


async def _restore(session: AsyncSession, run: Run) -> None:
    await soft_delete.restore(session, Run, *soft_delete.one(Run, run.tenant_id, run.id))
    session.expunge_all()


class TestRemove:
    """Deleting marks rows, and nothing shows them any more."""

    async def test_the_mark_says_who(self, session: AsyncSession, keeper: Actor, run: Run) -> None:
        """The row is still there, with its time and its subject (R40)."""
        await _remove(session, keeper, run)
        query = select(Run).execution_options(include_deleted=True)
        kept = (await session.scalars(query)).one()
        assert kept.deleted_at is not None
        assert kept.deleted_by == "system:test"

    async def test_no_form_of_query_shows_it(
        self, session: AsyncSession, keeper: Actor, run: Run
    ) -> None:
        """Columns, counts, aliases, joins, subqueries and bulk changes leave it out (R41)."""
        other = aliased(Run)
        forms = (
            select(Run.id),
            select(func.count()).select_from(Run),
            select(other.id),
            select(Run.id).join(other, other.id == Run.id),
            select(Run.id).where(Run.id.in_(select(other.id))),
            select(func.count()).where(select(Run.id).exists()),
        )
        shown = [(await session.scalars(form)).all() for form in forms]
        await _remove(session, keeper, run)
        hidden = [(await session.scalars(form)).all() for form in forms]
        own = [run.id]
        assert shown == [own, [1], own, own, own, [1]]
        assert hidden == [[], [0], [], [], [], [0]]
        changed = await session.execute(update(Run).values(error="late"))
        assert changed.rowcount == 0  # type: ignore[attr-defined]

    async def test_get_after_a_flush_shows_it_not(
        self, session: AsyncSession, keeper: Actor, run: Run
    ) -> None:
        """Asked for by its key, a deleted row is None once the session has let go of it."""
        key = (run.tenant_id, run.id)
        assert await session.get(Run, key) is run
        await _remove(session, keeper, run)
        session.expunge_all()
        assert await session.get(Run, key) is None

    async def test_readers_see_it_not(
        self, database: Database, actor: Actor, keeper: Actor, tenant: Tenant
    ) -> None:
        """The readers' view leaves deleted rows out, too."""
        count = text("select count(*) from views.runs")
        async with database.session(keeper) as session:
            session.add(
                Run(id=new_id(), tenant_id=tenant.id, notebook="n", parameters={},
                    status="queued", requested_by=actor.user_id)
            )  # fmt: skip
        async with database.reading(actor) as reading:
            assert await reading.scalar(count) == 1
        async with database.session(keeper) as session:
            await soft_delete.remove(session, keeper, Run, Run.tenant_id == tenant.id)
        async with database.reading(actor) as reading:
            assert await reading.scalar(count) == 0

    async def test_a_second_time_it_is_not_there(
        self, session: AsyncSession, keeper: Actor, run: Run
    ) -> None:
        """What was deleted cannot be deleted again."""
        await _remove(session, keeper, run)
        with pytest.raises(NotFound):
            await _remove(session, keeper, run)

    async def test_another_tenants_row_is_not_there(
        self, session: AsyncSession, database: Database, other_tenant: Tenant, run: Run
    ) -> None:
        """A write that policies swallow is NotFound, and never silence (R42)."""
        where = soft_delete.one(Run, run.tenant_id, run.id)
        await session.commit()
        stranger = Actor.of_system("test", *HERE, tenant_id=other_tenant.id)
        async with database.session(stranger) as elsewhere:
            for change in (
                soft_delete.remove(elsewhere, stranger, Run, *where),
                soft_delete.restore(elsewhere, Run, *where),
            ):
                with pytest.raises(NotFound):
                    await change


class TestRestore:
    """Bringing back."""

    async def test_it_is_shown_again(self, session: AsyncSession, keeper: Actor, run: Run) -> None:
        """A restored row is a row like any other, without marks."""
        run_id = run.id
        await _remove(session, keeper, run)
        await _restore(session, run)
        back = (await session.scalars(select(Run).where(Run.id == run_id))).one()
        assert (back.deleted_at, back.deleted_by) == (None, None)

    async def test_what_was_not_deleted_is_not_there(self, session: AsyncSession, run: Run) -> None:
        """Only deleted rows can be restored."""
        with pytest.raises(NotFound):
            await _restore(session, run)

    async def test_a_name_can_be_used_again(
        self, session: AsyncSession, keeper: Actor, run: Run
    ) -> None:
        """Unique keys leave deleted rows out (R41)."""

        def metric() -> Metric:
            return Metric(
                id=new_id(), tenant_id=run.tenant_id, run_id=run.id, name="rows", value=1.0
            )

        session.add(metric())
        await session.flush()
        await soft_delete.remove(session, keeper, Metric, Metric.run_id == run.id)
        session.add(metric())
        await session.flush()
        assert await session.scalar(select(func.count()).select_from(Metric)) == 1


class TestPurge:
    """Removing for good."""

    async def test_only_what_was_deleted_long_ago_goes(
        self, session: AsyncSession, keeper: Actor, run: Run
    ) -> None:
        """Live rows and rows deleted since stay; the others are gone even for those who look."""
        now = datetime.now(UTC)
        everything = select(Run.id).execution_options(include_deleted=True)
        assert await soft_delete.purge(session, Run, before=now + timedelta(days=1)) == 0
        await _remove(session, keeper, run)
        assert await soft_delete.purge(session, Run, before=now - timedelta(days=1)) == 0
        assert len((await session.scalars(everything)).all()) == 1
        assert await soft_delete.purge(session, Run, before=now + timedelta(days=1)) == 1
        assert (await session.scalars(everything)).all() == []


def test_one_names_tenant_and_id() -> None:
    """The conditions for one row hold the tenant, so that the key's index serves."""
    conditions = soft_delete.one(Run, UUID(int=1), UUID(int=2))
    assert [str(c.compile()).split(" = ")[0] for c in conditions] == ["runs.tenant_id", "runs.id"]
