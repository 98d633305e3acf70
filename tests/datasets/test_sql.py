"""Ad-hoc SQL: what it answers, what it refuses, and how it ends."""

import asyncio
import json
import time
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.conftest import MakeActor
from tests.datasets.statements import WORKING
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.datasets.sql import SqlResult
from workbench.datasets.sql_check import SqlRefused
from workbench.datasets.sql_errors import SqlFailed, SqlTimeout
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid, Unauthenticated
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant

SLOW = "select count(*) from generate_series(1, 1000000000)"
RUNNING = text(
    "select count(*) from pg_stat_activity "
    "where application_name ^@ :name and state = 'active' and pid <> pg_backend_pid()"
)


@pytest.fixture
def tenant(world: tuple[Tenant, Tenant]) -> Tenant:
    """The tenant of six trips."""
    return world[0]


@pytest.fixture
def other_tenant(world: tuple[Tenant, Tenant]) -> Tenant:
    """The tenant of two trips."""
    return world[1]


async def run(database: Database, actor: Actor, statement: str, **options: int) -> SqlResult:
    """Run a statement with a short timeout."""
    return await commands.run_sql(
        database, actor, statement, timeout=timedelta(seconds=5), **options
    )


class TestRun:
    """One statement as the reader."""

    @pytest.mark.parametrize(("statement", "rows"), WORKING, ids=range(len(WORKING)))
    async def test_it_answers_what_people_ask(
        self, database: Database, actor: Actor, statement: str, rows: list[list[object]] | None
    ) -> None:
        """Ordinary analysis works, and its answer is JSON."""
        result = await run(database, actor, statement)
        assert rows is None or result.rows == rows
        assert not result.truncated
        assert json.dumps(result.rows, allow_nan=False)

    async def test_it_names_columns_of_no_rows(self, database: Database, actor: Actor) -> None:
        """An empty answer still has columns."""
        result = await run(database, actor, "select carrier, delay from sample_trips where false")
        assert (result.columns, result.rows) == (["carrier", "delay"], [])

    async def test_it_sees_the_tenants_own_rows_only(
        self, database: Database, actor: Actor, other_tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """The same statement answers each tenant with its own rows."""
        statement = "select count(*), max(dest) from sample_trips"
        other = await make_actor(other_tenant, Role.ANALYST)
        assert (await run(database, actor, statement)).rows == [[6, "ORD"]]
        assert (await run(database, other, statement)).rows == [[2, "SECRET"]]

    async def test_it_cuts_long_answers(self, database: Database, actor: Actor) -> None:
        """The limit is kept, and the answer says that there is more."""
        result = await run(database, actor, "select * from generate_series(1, 1000000)", limit=7)
        assert (len(result.rows), result.truncated) == (7, True)
        result = await run(database, actor, "select * from generate_series(1, 7)", limit=7)
        assert (len(result.rows), result.truncated) == (7, False)

    @pytest.mark.parametrize("limit", [0, -1, 10_001, 10**9])
    async def test_it_refuses_a_senseless_limit(
        self, database: Database, actor: Actor, limit: int
    ) -> None:
        """The limit itself has limits."""
        with pytest.raises(Invalid, match="limit"):
            await run(database, actor, "select 1", limit=limit)

    async def test_it_caps_bytes(self, database: Database, actor: Actor) -> None:
        """Ten megabytes are enough, and one row has at most one."""
        wide = "(select string_agg('x', '') from generate_series(1, {}))"
        result = await run(
            database,
            actor,
            f"select {wide.format(500_000)} from generate_series(1, 1000) g where g > 0",
        )
        assert result.truncated
        assert 10 <= len(result.rows) <= 21
        with pytest.raises(SqlRefused, match="larger than 1 MB"):
            await run(database, actor, f"select {wide.format(2_000_000)}")

    @pytest.mark.parametrize(
        ("statement", "value"),
        [
            ("select 'NaN'::float8", "NaN"),
            ("select '-Infinity'::float8", "-Infinity"),
            ("select 'infinity'::timestamptz", "infinity"),
            ("select date '0044-03-15 BC'", "0044-03-15 BC"),
            ("select 10::numeric ^ 4500", "1" + "0" * 4500),
            ("select 10::numeric ^ 400 + 0.5", "1" + "0" * 400 + ".5"),
            ("select '\"\\ud800\"'::json", "\ufffd"),
            ("select 12345678901234567890", 12345678901234567890),
            ('select \'{"a": ["\\ud800", 1]}\'::json', {"a": ["\ufffd", 1]}),
        ],
        ids=range(9),
    )
    async def test_it_answers_json_for_odd_values(
        self, database: Database, actor: Actor, statement: str, value: object
    ) -> None:
        """What JSON cannot hold becomes text."""
        result = await run(database, actor, statement)
        shown = result.rows[0][0]
        if isinstance(value, str) and value.startswith("10"):
            assert str(shown).split(".")[0] == value.split(".")[0]
        else:
            assert shown == value
        assert json.dumps(result.rows, allow_nan=False).encode()

    async def test_it_refuses_an_answer_that_is_nested_too_deeply(
        self, database: Database, actor: Actor
    ) -> None:
        """Two thousand levels are more than a reader of JSON follows."""
        with pytest.raises(SqlRefused, match="nested"):
            await run(database, actor, f"select '{'[' * 2000}{']' * 2000}'::json")

    async def test_it_hides_the_sizes_that_a_plan_would_tell(
        self, database: Database, actor: Actor
    ) -> None:
        """EXPLAIN shows the plan without estimates, which count other tenants' rows too."""
        result = await run(database, actor, "-- é\nexplain select * from sample_trips")
        plan = "\n".join(line for (line,) in result.rows)
        assert "sample_trips" in plan or "Scan" in plan
        assert "cost=" not in plan
        assert "rows=" not in plan


class TestFailures:
    """What goes wrong is told clearly, and nothing is left behind."""

    @pytest.mark.parametrize(
        ("statement", "message"),
        [
            ("select 1/0", "Division by zero"),
            ("select carrier::integer from sample_trips", "Invalid input syntax"),
            ("select nothing from sample_trips", "line 1, column 8"),
            ("select 'é',\n  nothing from sample_trips", "line 2, column 3"),
            ("selec 1", "line 1, column 1"),
            ("select (select delay from sample_trips)", "More than one row"),
            ("select sum(carrier) from sample_trips", "does not exist"),
            ("select 9223372036854775807 + 1", "out of range"),
        ],
    )
    async def test_it_says_what_postgresql_says(
        self, database: Database, actor: Actor, statement: str, message: str
    ) -> None:
        """The first line of the error and the place in the statement."""
        with pytest.raises(Invalid, match=message) as caught:
            await run(database, actor, statement)
        assert isinstance(caught.value, SqlFailed | SqlRefused)

    async def test_it_quotes_no_row_of_another_tenant(
        self, database: Database, actor: Actor, other_tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """A cast that would fail on the other tenant's rows alone succeeds."""
        statement = "select count(1 / (delay - 999)) from sample_trips"
        assert (await run(database, actor, statement)).rows == [[5]]
        other = await make_actor(other_tenant, Role.ANALYST)
        with pytest.raises(SqlFailed, match="Division by zero"):
            await run(database, other, statement)

    async def test_it_ends_a_slow_statement(self, database: Database, actor: Actor) -> None:
        """PostgreSQL's own timeout ends it."""
        began = time.monotonic()
        with pytest.raises(SqlTimeout):
            await commands.run_sql(database, actor, SLOW, timeout=timedelta(seconds=0.3))
        assert time.monotonic() - began < 3
        assert await self._running(database, actor) == 0

    async def test_it_ends_many_fetches_that_are_slow_together(
        self, database: Database, actor: Actor
    ) -> None:
        """The watchdog counts the whole time, where PostgreSQL counts that of each fetch."""
        statement = (
            "select (select count(*) from generate_series(1, 40000 + g * 0)) "
            "from generate_series(1, 10000) g"
        )
        with pytest.raises(SqlTimeout):
            await commands.run_sql(
                database, actor, statement, limit=10_000, timeout=timedelta(seconds=1.5)
            )
        assert await self._running(database, actor) == 0

    async def test_a_cancelled_request_ends_its_statement(
        self, database: Database, actor: Actor
    ) -> None:
        """Within two seconds of the caller's going away nothing runs any more."""
        task = asyncio.create_task(run(database, actor, SLOW))
        while await self._running(database, actor) == 0:
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await self._running(database, actor) == 0
        assert (await run(database, actor, "select 1")).rows == [[1]]

    async def _running(self, database: Database, actor: Actor) -> int:
        async with database.app.connect() as connection:
            name = f"workbench {actor.sid}"
            return await connection.scalar(RUNNING, {"name": name}) or 0


class TestRights:
    """Who may run SQL, and what remains of it."""

    @pytest.mark.acts_as("viewer")
    async def test_a_viewer_may_not(self, database: Database, actor: Actor) -> None:
        """Ad-hoc SQL begins with the analyst."""
        with pytest.raises(Forbidden):
            await run(database, actor, "select 1")

    async def test_a_narrowed_actor_may_not(self, database: Database, actor: Actor) -> None:
        """What the actor does not name it does not hold."""
        narrow = actor.narrowed(actor.permissions - {Permission.SQL_RUN})
        with pytest.raises(Forbidden):
            await run(database, narrow, "select 1")

    async def test_a_revoked_actor_is_told_to_sign_in(
        self, database: Database, actor: Actor
    ) -> None:
        """Signing out bites at the next statement."""
        async with database.session(actor) as session:
            await session.execute(text("select workbench.revoke(:sid)"), {"sid": actor.sid})
        with pytest.raises((Unauthenticated, DBAPIError), match=r"sign-in|revoked"):
            await run(database, actor, "select count(*) from sample_trips")

    async def test_every_statement_is_audited(
        self, database: Database, actor: Actor, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """What ran, was refused or cancelled is noted with its text."""
        await run(database, actor, "select 42")
        with pytest.raises(SqlRefused):
            await run(database, actor, "select pg_sleep(1)")
        task = asyncio.create_task(run(database, actor, SLOW))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        owner = await make_actor(tenant, Role.OWNER)
        async with database.session(owner) as session:
            entries = await session.execute(
                text(
                    "select details from audit_entries "
                    "where action = 'sql.run' and sid = :sid order by at"
                ),
                {"sid": actor.sid},
            )
            noted = [(row.details["text"], row.details["outcome"]) for row in entries]
        assert noted == [
            ("select 42", "succeeded"),
            ("select pg_sleep(1)", "sql_refused"),
            (SLOW, "cancelled"),
        ]
