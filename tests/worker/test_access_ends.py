"""A notebook that runs while the access of who started it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from tests.support import people
from tests.support.kernels import Bench
from workbench.access import commands as access
from workbench.actor import Actor
from workbench.identity import commands as identity
from workbench.permissions import Permission, Role
from workbench.runs.models import Run
from workbench.tenants import commands as tenants
from workbench.tenants.models import Tenant
from workbench.worker.watch import NO_ACCESS

SECONDS = 15  # until the run has ended; a statement that sleeps on would last a minute
READ = "from workbench import lab\nrun = lab.open_run()"
ASK = "run.frame('select 1 as one')\nrun.progress(1, 2)"
# What the notebook does when the access ends: it asks, it waits for PostgreSQL, it computes.
BUSY = {
    "asks again and again": "while True: run.frame('select 1 as one')",
    "waits for a statement": "run.frame('select 1 as one from pg_sleep(60)')",
    "computes": "while True: pass",
}


async def _leave(bench: Bench, actor: Actor) -> None:
    await access.leave(bench.parts.database, actor)


async def _disable(bench: Bench, actor: Actor) -> None:
    assert actor.user_id is not None
    async with bench.parts.database.session(people.FOUNDER) as session:
        await identity.disable_user(session, people.FOUNDER, actor.user_id, datetime.now(UTC))


async def _suspend(bench: Bench, actor: Actor) -> None:
    async with bench.parts.database.session(people.FOUNDER) as session:
        await tenants.suspend(session, people.FOUNDER, actor.require_tenant(), datetime.now(UTC))


async def _reach(bench: Bench, run: Run) -> None:
    for _ in range(200):
        if (await bench.seen(run.tenant_id, run.id)).progress is not None:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the run does not go on")


Ending = Callable[[Bench, Actor], Awaitable[None]]
ENDINGS: list[tuple[str, Ending]] = [
    ("asks again and again", _leave),
    ("waits for a statement", _disable),
    ("computes", _suspend),
]


@pytest.mark.parametrize(("busy", "end"), ENDINGS)
async def test_it_fails_at_once_and_says_why(
    bench: Bench, actor: Actor, busy: str, end: Ending
) -> None:
    """It has read before; after that it ends within seconds, whatever it does meanwhile (T6)."""
    bench.put("busy", "pass", READ, ASK, BUSY[busy])
    run = await bench.order(actor, "busy")
    working = asyncio.create_task(bench.execute(run))
    await _reach(bench, run)

    await end(bench, actor)

    ended = await asyncio.wait_for(working, SECONDS)
    assert (ended.status, ended.error) == ("failed", NO_ACCESS)


async def test_a_colleagues_run_goes_on(bench: Bench, actor: Actor, tenant: Tenant) -> None:
    """Who stays, stays: another member's notebook of the same tenant succeeds."""
    colleague = await people.make_actor(bench.parts.database, tenant.id, Role.ANALYST)
    assert colleague.may(Permission.RUN_START)
    bench.put("short", "pass", READ, ASK, "import time; time.sleep(1)", ASK)
    run = await bench.order(colleague, "short")
    working = asyncio.create_task(bench.execute(run))
    await _reach(bench, run)

    await _leave(bench, actor)

    assert (await working).status == "succeeded"
