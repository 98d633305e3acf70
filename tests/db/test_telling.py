"""Telling who asks: before any statement, however it goes out, and never to the next one."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.db.embedded import Embedded
from workbench.db.session import Database
from workbench.tenants.models import Tenant

WHO = "select workbench.tenant_with('row:read')"
PID = text("select pg_backend_pid()")
PREPARED = text("select count(*) from pg_prepared_statements where name = 'workbench_tell'")
IN_PLACE = "prepare workbench_tell (text, text) as select $1, $2"


@pytest.fixture
async def narrow(database: Database) -> AsyncIterator[Database]:
    """The database through pools of one connection each, which are not tried before use."""
    narrow = _narrow(database)
    yield narrow
    await narrow.close()


def _narrow(database: Database, **options: Any) -> Database:
    alone = {"pool_size": 1, "max_overflow": 0, "pool_pre_ping": False}
    return Database(database.logins, database.key.secret, **alone, **options)


async def _driver(session: AsyncSession) -> psycopg.AsyncConnection[Any]:
    connection = await (await session.connection()).get_raw_connection()
    driver = connection.driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    return driver


async def _who(session: AsyncSession) -> Any:
    return await session.scalar(text(WHO))


async def _streamed(session: AsyncSession) -> Any:
    return await (await session.stream(text(WHO))).scalar_one()


async def _many(session: AsyncSession) -> Any:
    noted = text(f"select set_config('a.note', :n || coalesce(({WHO})::text, ''), true)")
    await (await session.connection()).execute(noted, [{"n": ""}, {"n": ""}])
    return await session.scalar(text("select nullif(current_setting('a.note'), '')::uuid"))


async def _nested(session: AsyncSession) -> Any:
    async with session.begin_nested():
        return await _who(session)


async def _through_the_driver(session: AsyncSession) -> Any:
    row = await (await (await _driver(session)).execute(WHO)).fetchone()
    return row and row[0]


async def _copied(session: AsyncSession) -> Any:
    async with (
        (await _driver(session)).cursor() as cursor,
        cursor.copy(f"copy ({WHO}) to stdout") as copy,
    ):
        copy.set_types(["uuid"])
        rows = [row async for row in copy.rows()]
        return rows[0][0]


Way = Callable[[AsyncSession], Awaitable[Any]]
WAYS: list[Way] = [_who, _streamed, _many, _nested, _through_the_driver, _copied]


class TestFirst:
    """Whichever way a transaction's first statement goes, PostgreSQL knows already who asks."""

    @pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
    @pytest.mark.parametrize("kind", ["session", "reading"])
    async def test_it_knows_the_actor(
        self, narrow: Database, actor: Actor, kind: str, way: Way
    ) -> None:
        """Three transactions of one connection: before, while and after it is prepared."""
        for _ in range(3):
            async with getattr(narrow, kind)(actor) as session:
                assert await way(session) == actor.tenant_id

    @pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
    @pytest.mark.parametrize("kind", ["app", "reader"])
    async def test_without_an_actor_it_knows_nobody(
        self, narrow: Database, actor: Actor, kind: str, way: Way
    ) -> None:
        """The same connection, right after an actor used it."""
        async with getattr(narrow, {"app": "session", "reader": "reading"}[kind])(actor) as session:
            pid = await session.scalar(PID)
        async with AsyncSession(getattr(narrow, kind)) as nobody:
            assert await way(nobody) is None
            assert await nobody.scalar(PID) == pid

    async def test_code_that_does_not_await_is_known_too(
        self, narrow: Database, actor: Actor
    ) -> None:
        """The sync session tells in the same way."""
        for _ in range(3):
            with narrow.sync_session(actor) as session:
                assert session.scalar(text(WHO)) == actor.tenant_id
                assert session.scalar(PREPARED) == 1
        with narrow.sync_app.connect() as nobody:
            assert nobody.scalar(text(WHO)) is None


class TestPrepared:
    """The statement that tells is prepared where the driver may, and may be lost at any time."""

    async def test_it_is_prepared_once(self, narrow: Database, actor: Actor) -> None:
        """Each transaction of a connection uses the one statement; readers prepare none."""
        calls = text(
            "select generic_plans + custom_plans from pg_prepared_statements "
            "where name = 'workbench_tell'"
        )
        for count in (1, 2, 3):
            async with narrow.session(actor) as session:
                assert await session.scalar(calls) == count
        async with narrow.reading(actor) as session:
            assert await session.scalar(PREPARED) == 0

    @pytest.mark.parametrize("loss", ["deallocate all", "deallocate workbench_tell", "discard all"])
    async def test_a_lost_statement_is_no_harm(
        self, narrow: Database, actor: Actor, loss: str
    ) -> None:
        """The next transaction is told all the same, and the one after prepares anew."""
        async with narrow.session(actor) as session:
            assert await session.scalar(PREPARED) == 1
        async with narrow.lookups.connect() as connection:
            await connection.execute(text(loss))
        for prepared in (0, 1):
            async with narrow.session(actor) as session:
                assert await _who(session) == actor.tenant_id
                assert await session.scalar(PREPARED) == prepared

    async def test_another_statement_in_its_place_opens_nothing(
        self, narrow: Database, actor: Actor
    ) -> None:
        """Where a statement of that name tells nothing, the transaction is nobody's."""
        async with narrow.session(actor) as session:
            assert await _who(session) == actor.tenant_id
        async with narrow.lookups.connect() as connection:
            await connection.execute(text("deallocate workbench_tell"))
            await connection.execute(text(IN_PLACE))
        async with narrow.session(actor) as session:
            assert await _who(session) is None


class TestAfterwards:
    """However a transaction's beginning ends, the connection is whole for the next actor."""

    async def test_a_first_statement_that_fails(
        self, narrow: Database, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """The error is the statement's own, and the same connection serves the next actor."""
        first, second = await make_actor(tenant, "viewer"), await make_actor(tenant, "viewer")
        async with narrow.session(first) as session:
            pid = await session.scalar(PID)
        for wrong, error in (("select 1 / 0", DBAPIError), ("select nothing", ProgrammingError)):
            with pytest.raises(error):
                await self._ask(narrow, first, wrong)
        async with narrow.session(second) as session:
            assert await session.scalar(PID) == pid
            assert await session.scalar(text("select workbench.actor_user()")) == second.user_id

    async def _ask(self, narrow: Database, actor: Actor, statement: str) -> None:
        async with narrow.session(actor) as session:
            await session.execute(text(statement))

    @pytest.mark.parametrize("kind", ["session", "reading"])
    async def test_a_task_that_is_cancelled(
        self,
        narrow: Database,
        make_actor: MakeActor,
        tenant: Tenant,
        other_tenant: Tenant,
        kind: str,
    ) -> None:
        """Cancelled at any moment of its beginning, an actor's transaction leaves nothing."""
        mine, other = await make_actor(tenant, "viewer"), await make_actor(other_tenant, "viewer")
        sides = itertools.cycle([(mine, other), (other, mine)])
        interrupted = 0
        for step in range(60):
            cancelled, next_one = next(sides)
            task = asyncio.ensure_future(self._asked(narrow, kind, cancelled))
            await asyncio.sleep(step / 10_000)
            task.cancel()
            interrupted += (await asyncio.gather(task, return_exceptions=True))[0] is not None
            async with getattr(narrow, kind)(next_one) as session:
                assert await _who(session) == next_one.tenant_id
                driver = await _driver(session)
                assert driver.pgconn.pipeline_status == psycopg.pq.PipelineStatus.OFF
        assert interrupted

    async def _asked(self, narrow: Database, kind: str, actor: Actor) -> None:
        async with getattr(narrow, kind)(actor) as session:
            assert await _who(session) == actor.tenant_id

    async def test_a_server_that_hung_up(
        self, narrow: Database, actor: Actor, migrated: Embedded
    ) -> None:
        """The error is what every statement raises then, and the next transaction connects."""
        async with narrow.session(actor) as session:
            pid = await session.scalar(PID)
        with migrated.superuser("workbench") as superuser:
            superuser.execute("select pg_terminate_backend(%s, 5000)", [pid])
        with pytest.raises(OperationalError) as raised:
            await self._asked(narrow, "session", actor)
        assert raised.value.connection_invalidated
        await self._asked(narrow, "session", actor)

    async def test_another_isolation_is_not_overridden(
        self, database: Database, narrow: Database, actor: Actor
    ) -> None:
        """A connection that asks for REPEATABLE READ gets it, and is refused for it."""
        await self._asked(narrow, "session", actor)
        repeatable = _narrow(database, isolation_level="REPEATABLE READ")
        with pytest.raises(ProgrammingError, match="needs READ COMMITTED"):
            await self._asked(repeatable, "session", actor)
        await repeatable.close()
