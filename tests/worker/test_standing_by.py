"""`workbench run` beside workers that are there, or only seem to be."""

import asyncio
from typing import Any

import pytest

from tests.support import flights
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.cli import notebook
from workbench.db.embedded import Embedded
from workbench.errors import Unavailable
from workbench.notebooks import Shelf
from workbench.runs import commands
from workbench.runs.models import Run
from workbench.settings import ROOT, Settings
from workbench.tenants.models import Tenant

SILENT = "insert into queue.procrastinate_workers (last_heartbeat) values (now() - %s::interval)"


async def ran(settings: Settings, bench: Bench, actor: Actor, **parameters: Any) -> Run:
    """A run of the report, waited for as the shell does."""
    database = bench.parts.database
    async with database.session(actor) as session:
        report = Shelf(ROOT / "notebooks").named("tenant_report")
        run = await commands.start(session, actor, report, parameters)
    async with asyncio.timeout(60):
        return await notebook.done(settings, database, actor, run.id)


@pytest.mark.acts_as("engineer")
async def test_a_killed_worker_keeps_nobody_waiting(
    bench: Bench, actor: Actor, tenant: Tenant, server: Embedded
) -> None:
    """It counts as alive until it was silent for a minute; then the shell works itself."""
    await flights.load(bench.parts.database, tenant.id, "OO")
    with server.superuser("workbench") as connection:
        connection.execute("delete from queue.procrastinate_workers")
        connection.execute(SILENT, ["57 seconds"])
    assert (await ran(bench.parts.settings, bench, actor, origin="EWR")).status == "succeeded"


async def test_what_keeps_it_from_working_is_told(
    bench: Bench, actor: Actor, server: Embedded
) -> None:
    """Where no worker is alive and none can start here, it says so and does not wait."""
    with server.superuser("workbench") as connection:
        connection.execute("delete from queue.procrastinate_workers")
    settings = bench.parts.settings.model_copy(update={"kernel_user": "no-such-user"})
    with pytest.raises(Unavailable):
        await ran(settings, bench, actor)
