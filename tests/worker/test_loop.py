"""The worker as a whole: the queue, the relay, the rescue, PostgreSQL's absence, the end."""

import asyncio
import io
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psutil
import psycopg
import pytest
from sqlalchemy import text

from tests.support import flights
from tests.support.kernels import Bench
from tests.support.samples import BOUNDS
from workbench.actor import Actor
from workbench.datasets import commands as datasets
from workbench.datasets import queries as dataset_queries
from workbench.db.embedded import Embedded
from workbench.db.ids import new_id
from workbench.errors import Unavailable
from workbench.files import writing
from workbench.outbox import commands as outbox
from workbench.outbox import queries as messages
from workbench.runs import attempts, commands
from workbench.runs.models import Run
from workbench.runs.tickets import Ticket
from workbench.settings import Settings
from workbench.tenants.models import Tenant
from workbench.worker import imports, kernel, loop
from workbench.worker.relay import relay
from workbench.worker.rescue import rescue_runs
from workbench.worker.runs import keeper

ENDED = ("succeeded", "failed", "partial", "cancelled", "timed_out")
HEADER = "month,day,year,origin,dest"
WORKER = """
import asyncio, dataclasses, pathlib
from workbench.notebooks import Shelf
from workbench.settings import Settings
from workbench.worker import loop, parts

made = parts.make(Settings(_env_file=None, home={home!r}, warm_kernels=0))
made = dataclasses.replace(made, shelf=Shelf(pathlib.Path({folder!r})))
asyncio.run(loop.work(made, asyncio.Event()))
"""


@asynccontextmanager
async def _working(bench: Bench) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    working = asyncio.create_task(loop.work(bench.parts, stop))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(working, 30)


async def _until(answer: Callable[[], Awaitable[str]], wanted: tuple[str, ...]) -> str:
    for _ in range(200):
        if (status := await answer()) in wanted:
            return status
        await asyncio.sleep(0.1)
    return await answer()


async def _ended(bench: Bench, run: Run, wanted: tuple[str, ...] = ENDED) -> str:
    async def status() -> str:
        return (await bench.seen(run.tenant_id, run.id)).status

    return await _until(status, wanted)


async def _import(bench: Bench, actor: Actor, *lines: str) -> UUID:
    file = io.BytesIO("\n".join(lines).encode())
    parts = bench.parts
    order = await datasets.send_import(
        *(parts.database, parts.storage, BOUNDS, actor, "flights", writing.blocks(file)),
        file_name="a.csv",
    )
    return order.id


async def _imported(bench: Bench, actor: Actor, import_id: UUID) -> str:
    async def status() -> str:
        async with bench.parts.database.session(actor) as session:
            order = await session.scalar(dataset_queries.import_(actor, import_id))
            return "" if order is None else order.status

    return await _until(status, ENDED)


class TestWork:
    """A worker with a real queue."""

    @pytest.mark.acts_as("engineer")
    async def test_it_executes_runs_and_loads_imports(
        self, bench: Bench, actor: Actor, tenant: Tenant
    ) -> None:
        """What waits is done: two runs side by side and an import, as who ordered them."""
        await flights.load(bench.parts.database, tenant.id, "OO")
        count = "run.metric('n', run.frame('select count(*) n from flights').n[0])"
        bench.put("cells", "from workbench import lab; run = lab.open_run()", count)
        ordered = [await bench.order(actor, "cells") for _ in range(2)]
        import_id = await _import(bench, actor, HEADER, "1,1,2013,EWR,ORD", "1,2,2013,EWR,ORD")

        async with _working(bench):
            assert [await _ended(bench, run) for run in ordered] == ["succeeded", "succeeded"]
            assert await _imported(bench, actor, import_id) == "succeeded"

        async with bench.parts.database.reading(actor) as session:
            assert await session.scalar(text("select count(*) from flights")) == 34

    async def test_it_puts_runs_back_when_it_stops(self, bench: Bench, actor: Actor) -> None:
        """A stop ends a kernel at work within seconds; the next worker executes the run."""
        bench.put("cells", "import time", "time.sleep(60)")
        run = await bench.order(actor, "cells")
        async with _working(bench):
            assert await _ended(bench, run, ("running",)) == "running"
        assert (await bench.seen(run.tenant_id, run.id)).status == "queued"

        bench.put("cells", "import time", "print('quick')")
        async with _working(bench):
            assert await _ended(bench, run) == "succeeded"
        assert (await bench.seen(run.tenant_id, run.id)).attempt == 2

    async def test_it_works_on_after_postgres_was_away(
        self, bench: Bench, actor: Actor, server: Embedded
    ) -> None:
        """Every connection is cut; the worker takes the next run all the same."""
        bench.put("cells", "pass", "print('on')")
        async with _working(bench):
            first = await bench.order(actor, "cells")
            assert await _ended(bench, first) == "succeeded"
            with server.superuser() as connection:
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where usename like 'workbench%' and pid <> pg_backend_pid()"
                )
            second = await bench.order(actor, "cells")
            assert await _ended(bench, second) == "succeeded"

    def test_it_ends_at_a_signal(self, settings: Settings, bench: Bench) -> None:
        """A worker process that gets SIGTERM ends cleanly and soon."""
        del bench
        code = (
            "import asyncio; from workbench.worker import loop; "
            "from workbench.settings import Settings;"
            f"settings = Settings(_env_file=None, home={str(settings.home)!r}, warm_kernels=0);"
            "asyncio.run(loop.serve(settings))"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert "worker_started" in process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0


class TestRescue:
    """Runs whose worker is gone."""

    async def test_a_silent_run_is_executed_again(self, bench: Bench, actor: Actor) -> None:
        """A run that a dead worker holds goes back to the queue and succeeds."""
        bench.put("cells", "pass", "print(1)")
        run = await bench.order(actor, "cells")
        system = keeper(run.tenant_id)
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        async with bench.parts.database.session(system) as session:
            await attempts.begin(session, system, run.id, long_ago)

        assert await rescue_runs(bench.parts) >= 1

        assert (await bench.execute(run)).status == "succeeded"
        assert (await bench.seen(run.tenant_id, run.id)).attempt == 2

    async def test_a_killed_worker_leaves_no_kernel_and_loses_no_run(
        self, bench: Bench, actor: Actor, settings: Settings
    ) -> None:
        """The kernel of a worker that is killed ends by itself; another worker does the run."""
        bench.put("cells", "pass", "print(1)\nwhile True: pass")
        run = await bench.order(actor, "cells")
        code = WORKER.format(home=str(settings.home), folder=str(bench.folder))
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code), stdout=subprocess.DEVNULL
        )
        assert await _ended(bench, run, ("running",)) == "running"
        kernels = await _kernels_of(worker.pid)
        worker.kill()
        await worker.wait()
        _, alive = await asyncio.to_thread(psutil.wait_procs, kernels, 15)
        assert kernels != []
        assert alive == []

        bench.put("cells", "pass", "print(2)")
        assert await rescue_runs(bench.parts, timedelta(0)) >= 1
        assert (await bench.execute(run)).status == "succeeded"


async def _kernels_of(pid: int) -> list[psutil.Process]:
    for _ in range(100):
        kernels: list[psutil.Process] = psutil.Process(pid).children()
        if kernels:
            return kernels
        await asyncio.sleep(0.1)
    return []


class TestRelay:
    """Messages that leave."""

    async def test_it_sends_each_message_once_with_its_id_alone(
        self, bench: Bench, actor: Actor, other_tenant: Tenant
    ) -> None:
        """A listener hears the id, and reads the message under its own tenant's token only."""
        url = bench.parts.database.logins.reader.set(drivername="postgresql")
        address = url.render_as_string(hide_password=False)
        await relay(bench.parts.database)
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as listener:
            await listener.execute(f"listen {outbox.CHANNEL}")
            bench.put("cells", "pass")
            run = await bench.order(actor, "cells")
            assert await relay(bench.parts.database) == 1
            async with bench.parts.database.session(actor) as session:
                await commands.cancel(session, actor, run.id, datetime.now(UTC))

            assert await relay(bench.parts.database) == 1
            assert await relay(bench.parts.database) == 0
            heard = [n.payload async for n in listener.notifies(timeout=1)]

        _, message_id = [UUID(payload) for payload in heard]
        async with bench.parts.database.session(actor) as session:
            message = (await session.scalars(messages.message(actor, message_id))).one()
        assert (message.topic, message.payload) == ("run.finished", {"run_id": str(run.id)})
        stranger = Actor.of_system("test", tenant_id=other_tenant.id)
        async with bench.parts.database.session(stranger) as session:
            assert (await session.scalars(messages.message(stranger, message_id))).all() == []


class TestImports:
    """Imports that cannot be loaded."""

    @pytest.mark.acts_as("engineer")
    async def test_it_says_why_an_import_failed(
        self, bench: Bench, actor: Actor, tenant: Tenant
    ) -> None:
        """A file that is no CSV of this dataset ends as failed, with a reason."""
        await flights.load(bench.parts.database, tenant.id, "OO")
        import_id = await _import(bench, actor, "this,is", "not,it")

        await imports.load(bench.parts, tenant.id, import_id, is_last_try=True)

        async with bench.parts.database.session(actor) as session:
            order = await session.scalar(dataset_queries.import_(actor, import_id))
        assert order is not None
        assert order.status == "failed"
        assert order.error

    async def test_it_leaves_an_unknown_import_alone(self, bench: Bench, tenant: Tenant) -> None:
        """An import that is gone is no error of the worker."""
        await imports.load(bench.parts, tenant.id, new_id(), is_last_try=True)


class TestClear:
    """What a killed worker leaves in the folder for temporary files."""

    def test_it_removes_the_folders_of_the_dead_only(self) -> None:
        """A folder goes with its worker; one of a worker that lives stays."""
        with kernel.scratch(None) as place:
            dead = place.folder.with_name("workbench-run-99999999-gone")
            dead.mkdir()
            (dead / "ticket.json").write_text("secret")

            kernel.clear()

            assert place.folder.exists()
            assert not dead.exists()

    def test_a_ticket_is_written_through_no_link(self, tmp_path: Path) -> None:
        """What a kernel puts into its folder leads neither a ticket nor its owner elsewhere."""
        elsewhere, ticket = tmp_path / "elsewhere", tmp_path / "place" / "ticket.json"
        elsewhere.write_text("kept")
        ticket.parent.mkdir()
        for name in ("ticket.new", "ticket.json"):
            (ticket.parent / name).symlink_to(elsewhere)
        made = Ticket(
            **dict.fromkeys(("tenant", "tenant_name", "database_url"), "x"),
            **dict.fromkeys(("actor_token", "api_url", "access_token"), "y"),
        )

        made.write(ticket, os.geteuid())

        assert elsewhere.read_text() == "kept"
        assert (Ticket.read(ticket), ticket.is_symlink()) == (made, False)
        assert stat.S_IMODE(ticket.stat().st_mode) == 0o600


class TestCheckUser:
    """The system user of kernels."""

    def test_it_must_exist_and_be_able_to_start_python(self) -> None:
        """A worker refuses to start with a user that cannot run notebooks."""
        kernel.check_user(None, sys.executable)
        for user, python in (("no-such-user", sys.executable), ("nobody", "/nowhere/python")):
            with pytest.raises(Unavailable):
                kernel.check_user(user, python)
