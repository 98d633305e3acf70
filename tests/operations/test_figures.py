"""Figures of the platform: the operator gets them, nobody else, and none is a row."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import Forbidden, NotFound
from workbench.notebooks import Shelf
from workbench.operations import commands, figures, health
from workbench.operations.schemas import Wellness
from workbench.outbox import commands as outbox
from workbench.permissions import Permission, Role
from workbench.runs import attempts
from workbench.runs import commands as runs
from workbench.runs.attempts import Attempt
from workbench.runs.schemas import Status
from workbench.settings import ROOT
from workbench.storage import Storage
from workbench.tenants.models import Tenant

NOTEBOOK = Shelf(ROOT / "notebooks").named("tenant_report")
QUOTA = 5_000
SECRET = "value 4711 of a row"
Look = Callable[[AsyncSession, Actor], Awaitable[Any]]


def _now() -> datetime:
    return datetime.now(UTC)


LOOKS: dict[str, Look] = {
    "tenants": lambda s, a: figures.tenants(s, a, _now(), file_quota=QUOTA),
    "rows": figures.rows_held,
    "days": lambda s, a: figures.days(s, a, _now(), 3),
    "work": lambda s, a: figures.work(s, a, _now()),
    "failed jobs": figures.failed_jobs,
    "failed runs": lambda s, a: figures.failed_runs(s, a, _now()),
    "database": lambda s, a: figures.database(s, a, _now()),
    "retry": lambda s, a: commands.retry_job(s, a, 2**62),
}
FUNCTIONS = (
    "platform_tenants(now())",
    "platform_rows()",
    "platform_days(now())",
    "platform_runs()",
    "platform_failures(now())",
    "platform_post(now())",
    "platform_backends()",
    "platform_workers()",
    "platform_jobs()",
    "platform_failed_jobs(1)",
    "retry_job(1)",
)


async def _fail(database: Database, actor: Actor) -> None:
    """Have a run of the actor's fail with words that hold a value of a row."""
    system = Actor.of_system(
        "runs", Permission.RUN_START, Permission.RUN_READ, tenant_id=actor.tenant_id
    )
    async with database.session(actor) as session:
        run = await runs.start(session, actor, NOTEBOOK, {})
    async with database.session(system) as session:
        await attempts.begin(session, system, run.id, _now(), worker="test")
    async with database.session(system) as session:
        await attempts.finish(session, system, Attempt(run.id, 1), Status.FAILED, _now(), SECRET)


async def test_the_operator_sees_figures_and_no_row(
    database: Database, storage: Storage, operator: Actor, actor: Actor, tenant: Tenant
) -> None:
    """A run that waits, one that failed and a message are counted; what a run said is not told."""
    await _fail(database, actor)
    async with database.session(actor) as session:
        await runs.start(session, actor, NOTEBOOK, {})
        outbox.put(session, actor, "test.waits")

    found = {}
    for name, look in LOOKS.items():
        if name != "retry":
            async with database.session(operator) as session:
                found[name] = await look(session, operator)

    [mine] = [each for each in found["tenants"] if each.id == tenant.id]
    assert (mine.members, mine.runs, mine.failed, mine.waiting) == (1, 2, 1, 1)
    assert (mine.file_bytes, mine.file_quota) == (0, QUOTA)
    assert mine.last_activity is not None
    [today] = [each for each in found["days"] if each.tenant_id == tenant.id]
    assert (today.day, today.runs, today.failed) == (_now().date(), 2, 1)
    [line] = [each for each in found["work"].lines if each.tenant_id == tenant.id]
    assert (line.queue, line.waiting, line.running) == ("interactive", 1, 0)
    assert line.waits_since is not None
    assert found["work"].post.messages >= 1
    [failed] = [each for each in found["failed runs"] if each.tenant_id == tenant.id]
    assert (failed.notebook, failed.outcome, failed.count) == ("tenant_report", "failed", 1)
    told = found["database"]
    assert told.revision == told.head
    assert {"workbench_app"} <= {each.login for each in told.backends}
    assert told.bytes > sum(size.bytes for size in told.sizes) > 0
    assert SECRET not in str(found)
    checks = health.checks(told, found["work"], _now())
    states = {check.name: check.state for check in checks}
    assert (states["Database"], states["Migrations"]) == (Wellness.WELL, Wellness.WELL)
    assert health.storage(storage).state == Wellness.WELL


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OWNER])
async def test_no_member_does(
    database: Database, make_actor: MakeActor, tenant: Tenant, role: Role
) -> None:
    """Neither a room nor PostgreSQL itself answers a member, whatever the role (two gates)."""
    member = await make_actor(tenant, role)
    for look in LOOKS.values():
        with pytest.raises(Forbidden):
            async with database.session(member) as session:
                await look(session, member)
    for function in FUNCTIONS:
        with pytest.raises(ProgrammingError, match="platform:read"):
            async with database.session(member) as session:
                await session.execute(text(f"select * from workbench.{function}"))


async def test_a_job_that_was_given_up_is_retried_once(
    database: Database, operator: Actor, tenant: Tenant, make_actor: MakeActor, failed_job: int
) -> None:
    """It goes back into the queue, its tenant reads so, and a second time there is none."""
    async with database.session(operator) as session:
        jobs = {job.id: job for job in await figures.failed_jobs(session, operator)}
        assert (jobs[failed_job].task, jobs[failed_job].reason) == ("tenants.export", "TooLarge")
        retried = await commands.retry_job(session, operator, failed_job)
        assert retried.tenant_id == tenant.id
    owner = await make_actor(tenant, Role.OWNER)
    async with database.session(owner) as session:
        noted = text("select target from workbench.audit_entries where action = 'job.retry'")
        assert await session.scalar(noted) == f"job {failed_job}"
    with pytest.raises(NotFound):
        async with database.session(operator) as session:
            await commands.retry_job(session, operator, failed_job)
