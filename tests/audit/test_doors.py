"""What other doors than the API leave in the audit: dashboards, notebooks, the worker."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from dashboards.flights.state import Choice
from dashboards.flights.store import Store as FlightsStore
from dashboards.home.store import Store as HomeStore
from dashboards.visits import House, Screen, Visit
from tests.audit.sealing import note, verdict
from tests.conftest import MakeActor
from tests.support import flights
from tests.support.bench import bench
from tests.support.kernels import Bench
from workbench.access.queries import ADMIT
from workbench.actor import Actor
from workbench.audit import commands
from workbench.audit.models import AuditEntry
from workbench.datasets import commands as datasets
from workbench.datasets.schemas import Sort
from workbench.db.session import Database
from workbench.permissions import Permission, Role
from workbench.runs import attempts
from workbench.runs.attempts import Attempt
from workbench.tenants.models import Tenant
from workbench.worker import live, loop
from workbench.worker.live import Live
from workbench.worker.parts import now
from workbench.worker.runs import keeper

__all__ = ["bench"]
NOTEBOOKS = Path("notebooks")


async def noted(database: Database, tenant_id: UUID, action: str) -> list[AuditEntry]:
    """The entries of an action, the oldest first."""
    reader = commands.sealer(tenant_id)
    async with database.session(reader) as session:
        found = await session.scalars(
            select(AuditEntry)
            .where(AuditEntry.tenant_id == tenant_id, AuditEntry.action == action)
            .order_by(AuditEntry.at)
        )
        return list(found)


class TestDashboards:
    """One entry for each thing that a visitor did."""

    async def test_each_interaction_is_one_entry(
        self, database: Database, tenant: Tenant, actor: Actor
    ) -> None:
        """Which dashboard, which datasets, how many statements and rows; several at once too."""
        await flights.load(database, tenant.id, "OO")
        visit = Visit(actor, House(database, NOTEBOOKS), Screen())
        store = FlightsStore(visit)
        newest = Sort(column="time_hour", descending=True)
        await store.options()
        await asyncio.gather(store.figures(Choice()), store.flights(Choice(), newest, None))
        found = {e.details["part"]: e for e in await noted(database, tenant.id, "dashboard.read")}
        assert set(found) == {"options", "figures", "flights"}
        assert {entry.target for entry in found.values()} == {"dashboard flights"}
        assert {entry.subject for entry in found.values()} == {actor.subject}
        # A page asks for one row more, which tells whether there is a next one.
        assert (found["flights"].rows, found["flights"].details["statements"]) == (26, 1)
        assert found["figures"].details["statements"] == 5
        assert (found["figures"].rows or 0) > 25
        assert found["options"].details["datasets"] == ["flights"]

    async def test_home_notes_what_it_counts(
        self, database: Database, tenant: Tenant, actor: Actor
    ) -> None:
        """Its list of datasets reads from each."""
        await flights.load(database, tenant.id, "OO")
        await HomeStore(Visit(actor, House(database, NOTEBOOKS), Screen())).datasets()
        [entry] = await noted(database, tenant.id, "dashboard.read")
        assert (entry.target, entry.details["part"]) == ("dashboard home", "datasets")
        assert "flights" in entry.details["datasets"]


class TestNotebooks:
    """What a run's kernel reads."""

    async def test_frames_are_noted_with_their_run(
        self, bench: Bench, actor: Actor, tenant: Tenant
    ) -> None:
        """Text, values, rows, run and attempt; also what PostgreSQL refused."""
        await flights.load(bench.parts.database, tenant.id, "OO")
        run = await bench.run(
            actor,
            "from workbench import lab\nrun = lab.open_run()",
            "run.frame('select * from flights where dest = :dest limit 3', {'dest': 'CLE'})",
            "try:\n    run.frame('select nothing from flights')\nexcept Exception: pass",
        )
        assert run.status == "succeeded", run.error
        read, refused = await noted(bench.parts.database, tenant.id, "notebook.read")
        assert (read.rows, read.run_id, read.target) == (3, run.id, "notebook cells")
        assert read.details["text"] == "select * from flights where dest = $1 limit 3"
        assert read.details["values"] == '["CLE"]'
        assert read.details["attempt"] == 1
        assert (refused.rows, refused.details["outcome"]) == (None, "bad_query")
        for action in ("run.start", "run.begin", "run.finish"):
            [entry] = await noted(bench.parts.database, tenant.id, action)
            assert entry.run_id == run.id

    async def test_a_lost_attempt_and_a_flood_are_not_noted(
        self, bench: Bench, actor: Actor, tenant: Tenant
    ) -> None:
        """Only the current attempt speaks, and only so often."""
        bench.put("quiet", "pass")
        run = await bench.order(actor, "quiet")
        database, system = bench.parts.database, keeper(tenant.id)
        async with database.session(system) as session:
            run = await attempts.begin(session, system, run.id, now())
        message = {"kind": "read", "text": "select 1", "rows": 1}
        lost = Live(bench.parts, system, Attempt(run.id, 7), run)
        await lost.hear(message)
        assert await noted(database, tenant.id, "notebook.read") == []
        current = Live(bench.parts, system, Attempt(run.id, 1), run, reads=live.MAX_READS - 1)
        for _ in range(3):
            await current.hear(message)
        assert len(await noted(database, tenant.id, "notebook.read")) == 1

    async def test_what_a_run_does_elsewhere_names_it(
        self, bench: Bench, actor: Actor, tenant: Tenant
    ) -> None:
        """Ad-hoc SQL through a run's own token carries the run; through a log-in it does not."""
        bench.put("quiet", "pass")
        run = await bench.order(actor, "quiet")
        database = bench.parts.database
        assert actor.user_id is not None
        as_run = Actor.of_user(
            actor.user_id, sid=run.id, tenant_id=tenant.id, permissions=actor.permissions
        )
        login = Actor.of_system("login", Permission.USER_AUTHENTICATE)
        async with database.session(login) as session:
            values = {"sid": run.id, "user": actor.user_id, "tenant": tenant.id}
            await session.execute(
                ADMIT, values | {"until": now() + timedelta(minutes=1), "scope": None}
            )
        for who in (as_run, actor):
            await datasets.run_sql(database, who, "select 1 as one")
        first, second = await noted(database, tenant.id, "sql.run")
        assert (first.run_id, second.run_id) == (run.id, None)
        assert (first.rows, first.details["text"]) == (1, "select 1 as one")


async def test_the_worker_seals(
    bench: Bench, tenant: Tenant, other_tenant: Tenant, make_actor: MakeActor
) -> None:
    """While the worker works, what every tenant wrote gets its place within seconds."""
    database = bench.parts.database
    for one in (tenant, other_tenant):
        await note(database, await make_actor(one, Role.VIEWER), 3)
    stop = asyncio.Event()
    working = asyncio.create_task(loop.work(bench.parts, stop))
    try:
        async with asyncio.timeout(120):
            for one in (tenant, other_tenant):
                while (await verdict(database, one.id)).waiting:
                    await asyncio.sleep(0.1)
                # The links were read before it was asked what waits, so that they are read again.
                found = await verdict(database, one.id)
                assert found.wrong is None
                assert found.position >= 4
    finally:
        stop.set()
        await asyncio.wait_for(working, 30)


@pytest.mark.parametrize("text", ["\0", "x" * 9000, "\ud800"])
def test_any_statement_can_be_kept(text: str) -> None:
    """What PostgreSQL could not hold is replaced, and what is long is cut."""
    kept = commands.kept(text)
    assert len(kept) <= commands.MAX_TEXT
    assert "\0" not in kept
    assert kept.encode()
