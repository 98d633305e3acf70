"""Statements that run: their slots, their ends, and what is kept of them, across processes."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import MakeActor
from tests.support import elsewhere
from workbench.actor import Actor
from workbench.datasets import claims, commands, queries, watchdog
from workbench.datasets.sql import Asked
from workbench.datasets.sql_errors import (
    IdTaken,
    SqlCancelled,
    SqlFailed,
    SqlTimeout,
    StatementNotFound,
)
from workbench.datasets.sql_models import Statement
from workbench.db import backends
from workbench.db.embedded import Embedded
from workbench.db.ids import new_id
from workbench.db.session import Database, label
from workbench.errors import Forbidden, TooMany
from workbench.permissions import Permission, Role
from workbench.settings import Settings
from workbench.tenants.models import Tenant

BUSY = 6  # two seconds are promised; other tests keep the machine busy
SLOW = "select count(*) from generate_series(1, 1000000000)"
RUNNING = text(
    "select count(*) from pg_stat_activity where application_name ^@ :name and state = 'active'"
)
# A statement that ignores that it is cancelled, as no reader could write one.
STUBBORN = """
create function public.stubborn() returns int language plpgsql as $$
begin
    loop
        begin
            perform pg_sleep(0.1);
        exception when query_canceled then null;
        end;
    end loop;
end
$$
"""


@pytest.fixture
def tenant(world: tuple[Tenant, Tenant]) -> Tenant:
    """The tenant of six trips."""
    return world[0]


@pytest.fixture
def other_tenant(world: tuple[Tenant, Tenant]) -> Tenant:
    """The tenant of two trips."""
    return world[1]


async def running(database: Database, actor: Actor) -> int:
    """How many statements of the actor's PostgreSQL runs."""
    async with database.app.connect() as connection:
        return await connection.scalar(RUNNING, {"name": f"workbench {actor.sid}"}) or 0


async def begun(database: Database, actor: Actor, asked: Asked) -> "asyncio.Task[Any]":
    """A statement that PostgreSQL runs by now."""
    task = asyncio.create_task(commands.run_sql(database, actor, asked))
    while await running(database, actor) == 0:
        assert not task.done(), task.exception()
        await asyncio.sleep(0.02)
    return task


async def ended(*tasks: "asyncio.Task[Any]") -> None:
    """End statements that are of no more use."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def statements(database: Database, actor: Actor) -> list[Statement]:
    """What the actor ran, the newest first."""
    async with database.session(actor) as session:
        return list(await session.scalars(queries.statements(actor)))


class TestSlots:
    """One statement a member, and a share for each tenant (S5)."""

    async def test_a_member_runs_one_at_a_time(
        self, database: Database, actor: Actor, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """A second one is refused after a while; a colleague's runs meanwhile."""
        task = await begun(database, actor, Asked(SLOW))
        try:
            colleague = await make_actor(tenant, Role.ANALYST)
            assert (await commands.run_sql(database, colleague, "select 1")).rows == [[1]]
            with pytest.raises(TooMany):
                await claims.claim(database, actor, Asked("select 1"), timedelta(seconds=0.2))
        finally:
            await ended(task)
        assert (await commands.run_sql(database, actor, "select 1")).rows == [[1]]

    async def test_a_second_one_waits_for_the_first(self, database: Database, actor: Actor) -> None:
        """Who asks twice at once is answered twice, one after the other."""
        asked = [commands.run_sql(database, actor, f"select {n}") for n in range(3)]
        assert [result.rows for result in await asyncio.gather(*asked)] == [[[0]], [[1]], [[2]]]

    async def test_a_tenant_has_its_share(
        self,
        database: Database,
        tenant: Tenant,
        other_tenant: Tenant,
        make_actor: MakeActor,
    ) -> None:
        """When its share is at work, another member waits; another tenant does not."""
        members = [await make_actor(tenant, Role.ANALYST) for _ in range(claims.SHARE + 1)]
        tasks = [await begun(database, member, Asked(SLOW)) for member in members[:-1]]
        try:
            with pytest.raises(TooMany):
                await claims.claim(database, members[-1], Asked("select 1"), timedelta(seconds=0.2))
            other = await make_actor(other_tenant, Role.ANALYST)
            assert (await commands.run_sql(database, other, "select 1")).rows == [[1]]
        finally:
            await ended(*tasks)

    async def test_two_processes_share_a_members_slot(
        self, database: Database, settings: Settings, actor: Actor
    ) -> None:
        """While another server runs a statement of his, he has no slot here; afterwards he has."""
        asked = Asked(SLOW)
        process = elsewhere.start(settings, actor, asked)
        try:
            while await running(database, actor) == 0:
                assert process.poll() is None
                await asyncio.sleep(0.05)
            with pytest.raises(TooMany):
                await claims.claim(database, actor, Asked("select 1"), timedelta(seconds=0.2))
            assert (await commands.cancel_sql(database, actor, asked.id)).outcome == "sql_cancelled"
            said, _ = await asyncio.to_thread(process.communicate)
            assert said == "began\nsql_cancelled\n"
        finally:
            process.kill()
        assert (await commands.run_sql(database, actor, "select 1")).rows == [[1]]

    async def test_a_server_that_is_gone_holds_no_slot(
        self, database: Database, migrated: Embedded, actor: Actor
    ) -> None:
        """A row that no backend bears the label of is given up, once it is not quite new."""
        lost = Asked("select 'lost'")
        await claims.claim(database, actor, lost)
        with pytest.raises(TooMany):
            await claims.claim(database, actor, Asked("select 1"), timedelta())
        with migrated.superuser("workbench") as superuser:
            superuser.execute(
                "update workbench.statements set started_at = started_at - interval '1 minute' "
                "where id = %s",
                [lost.id],
            )
        assert (await commands.run_sql(database, actor, "select 1")).rows == [[1]]
        outcomes = {found.sql: found.outcome for found in await statements(database, actor)}
        assert outcomes == {"select 'lost'": "lost", "select 1": "succeeded"}

    async def test_an_id_serves_once(self, database: Database, actor: Actor) -> None:
        """A second statement under the same id is a conflict."""
        asked = Asked("select 1")
        assert (await commands.run_sql(database, actor, asked)).id == asked.id
        with pytest.raises(IdTaken):
            await commands.run_sql(database, actor, asked)


class TestCancel:
    """Ending a statement within two seconds (S6), and only one's own."""

    async def test_nothing_runs_two_seconds_later(self, database: Database, actor: Actor) -> None:
        """PostgreSQL itself runs it no more, and whoever waits is told."""
        asked = Asked(SLOW)
        task = await begun(database, actor, asked)
        async with asyncio.timeout(BUSY):
            found = await commands.cancel_sql(database, actor, asked.id)
            assert await running(database, actor) == 0
        assert found.outcome == "sql_cancelled"
        with pytest.raises(SqlCancelled):
            await task
        assert (await commands.run_sql(database, actor, "select 1")).rows == [[1]]

    async def test_nobody_ends_anothers(
        self, database: Database, actor: Actor, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """A colleague's statement is as absent as none, and runs on; he himself ends it."""
        asked = Asked(SLOW)
        task = await begun(database, actor, asked)
        colleague = await make_actor(tenant, Role.ENGINEER)
        for wanted in (asked.id, new_id()):
            with pytest.raises(StatementNotFound):
                await commands.cancel_sql(database, colleague, wanted)
        assert await running(database, actor) == 1
        await commands.cancel_sql(database, actor, asked.id)
        with pytest.raises(SqlCancelled):
            await task

    async def test_what_has_ended_stays_as_it_ended(self, database: Database, actor: Actor) -> None:
        """Cancelling too late changes nothing."""
        asked = Asked("select 1")
        await commands.run_sql(database, actor, asked)
        assert (await commands.cancel_sql(database, actor, asked.id)).outcome == "succeeded"


class TestWatchdog:
    """What does not end by itself is ended from outside (S4)."""

    async def test_a_statement_without_a_timeout_is_ended(
        self, database: Database, actor: Actor
    ) -> None:
        """Where PostgreSQL's own timeout is switched off, the watchdog holds."""
        asked = Asked(SLOW, timeout=timedelta(seconds=0.2))

        async def work(session: Any) -> None:
            await session.execute(NAMED, {"name": label(actor, asked.id)})
            await session.execute(text("set statement_timeout = 0"))
            await session.execute(text(SLOW))

        with pytest.raises(SqlTimeout):
            await watchdog.watched(database, actor, asked, work)
        assert await running(database, actor) == 0

    async def test_a_statement_that_ignores_cancelling_is_terminated(
        self, database: Database, migrated: Embedded, actor: Actor
    ) -> None:
        """Its backend is gone, and the next statement gets another."""
        asked = Asked("select public.stubborn()", timeout=timedelta(seconds=0.2))

        async def work(session: Any) -> None:
            await session.execute(NAMED, {"name": label(actor, asked.id)})
            await session.execute(text(asked.sql))

        with migrated.superuser("workbench") as superuser:
            superuser.execute(STUBBORN)
            try:
                with pytest.raises(SqlTimeout):
                    await watchdog.watched(database, actor, asked, work)
                assert label(actor, asked.id) not in await backends.names(database)
            finally:
                superuser.execute("drop function public.stubborn()")
        assert (await commands.run_sql(database, actor, "select 1")).rows == [[1]]

    async def test_it_ends_nothing_else(
        self, database: Database, actor: Actor, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """A colleague's statement runs on while mine is ended."""
        colleague = await make_actor(tenant, Role.ANALYST)
        task = await begun(database, colleague, Asked(SLOW))
        with pytest.raises(SqlTimeout):
            await commands.run_sql(database, actor, SLOW, timeout=timedelta(seconds=0.2))
        assert await running(database, colleague) == 1
        await ended(task)


class TestPlans:
    """What a plan tells (S8, R30)."""

    async def test_expected_rows_tell_of_no_value(self, database: Database, actor: Actor) -> None:
        """A value that only another tenant has is expected as often as one that nobody has."""
        plans = [
            await commands.explain_sql(
                database,
                actor,
                Asked("select * from sample_trips where dest = :dest", {"dest": dest}),
            )
            for dest in ("SECRET", "NOWHERE", "IAH")
        ]
        assert plans[0].plan == plans[1].plan == plans[2].plan
        measured = await commands.explain_sql(
            database, actor, Asked("select * from sample_trips where dest = 'IAH'"), analyze=True
        )
        assert measured.plan.rows == 1


NAMED = text("select set_config('application_name', :name, true)")


class TestHistory:
    """What is kept of statements, and who sees it."""

    async def test_it_tells_what_ran_and_how_it_ended(
        self, database: Database, actor: Actor
    ) -> None:
        """Text, parameters, outcome and figures, the newest first."""
        await commands.run_sql(database, actor, Asked("select :n", {"n": 7}))
        with pytest.raises(SqlFailed, match="nothing"):
            await commands.run_sql(database, actor, "select nothing from sample_trips")
        newest, first = await statements(database, actor)
        assert (newest.outcome, newest.rows) == ("sql_failed", None)
        assert (first.sql, first.parameters, first.outcome, first.rows) == (
            *("select :n", {"n": 7}),
            *("succeeded", 1),
        )
        assert first.elapsed_ms
        assert first.ended_at

    async def test_it_is_ones_own(
        self, database: Database, actor: Actor, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Not even an owner sees what a member ran here; PostgreSQL itself says so."""
        await commands.run_sql(database, actor, "select 'mine'")
        owner = await make_actor(tenant, Role.OWNER)
        assert await statements(database, owner) == []
        async with database.session(owner) as session:
            assert await session.scalar(text("select count(*) from statements")) == 0
        assert [found.sql for found in await statements(database, actor)] == ["select 'mine'"]

    async def test_old_ones_are_forgotten(
        self, database: Database, actor: Actor, tenant: Tenant
    ) -> None:
        """What began before a time goes, and nothing that began later."""
        await commands.run_sql(database, actor, "select 1")
        task = Actor.of_system("statements", Permission.SQL_RUN, tenant_id=tenant.id)
        now = datetime.now(UTC)
        for before, left in ((now - timedelta(days=1), 1), (now + timedelta(days=1), 0)):
            async with database.session(task) as session:
                due = await claims.tenants_with_old(session, before, 1000)
                assert (tenant.id in due) is (left == 0)
                await claims.forget(session, task, before)
            assert len(await statements(database, actor)) == left

    async def test_a_task_runs_no_sql(self, database: Database, tenant: Tenant) -> None:
        """Statements belong to people."""
        task = Actor.of_system("statements", *Permission, tenant_id=tenant.id)
        with pytest.raises(Forbidden):
            await commands.run_sql(database, task, "select 1")
