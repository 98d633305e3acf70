"""Runs through a real kernel: what succeeds, what fails, what ends them."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from sqlalchemy import text

from tests.support import flights, people
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.permissions import Permission, Role
from workbench.runs import commands
from workbench.runs.attempts import Attempt
from workbench.runs.models import Run
from workbench.settings import Settings
from workbench.tenants.models import Tenant

READ = "from workbench import lab\nrun = lab.open_run()"
SPIN = "run.progress(1, 2)\nwhile True: pass"


async def _reach(bench: Bench, run: Run) -> None:
    """Wait until the run's cell has said that it goes."""
    for _ in range(200):
        if (await bench.seen(run.tenant_id, run.id)).progress is not None:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the run does not go on")


def _orphans() -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any("workbench-run-" in part for part in process.info["cmdline"] or [])
        and process.ppid() == psutil.Process().pid
        and process.status() != psutil.STATUS_ZOMBIE
    ]


async def _statements(bench: Bench, run: Run) -> int:
    """How many statements the run still has in the database."""
    named = text("select count(*) from pg_stat_activity where application_name = :name")
    values = {"name": f"workbench {Attempt(run.id, 1).sid}"}
    count = 1
    for _ in range(20):
        async with bench.parts.database.app.begin() as connection:
            count = int(await connection.scalar(named, values) or 0)
        if not count:
            break
        await asyncio.sleep(0.1)
    return count


class TestExecute:
    """A run that a worker takes."""

    async def test_it_reads_the_tenants_rows_and_no_others(
        self, bench: Bench, actor: Actor, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        """The kernel sees its tenant's rows, and leaves figures and files behind."""
        count = await flights.load(bench.parts.database, tenant.id, "OO")
        await flights.load(bench.parts.database, other_tenant.id, "HA")

        run = await bench.run(
            actor,
            READ,
            "print(run.tenant, run.frame('select count(*) n from flights').n[0])",
            "print(run.frame('select distinct carrier from flights').carrier.tolist())",
            "run.metric('rows', 3, unit='rows', budget=10)\nrun.progress(1, 2)",
            "run.publish('sample', run.frame('select * from flights limit 3'))",
        )

        assert (run.status, run.error, run.attempt) == ("succeeded", None, 1)
        assert f"{tenant.name} {count}" in bench.said(run)
        assert "['OO']" in bench.said(run)
        assert [(m.name, m.value, m.unit, m.budget) for m in run.metrics] == [
            ("rows", 3.0, "rows", 10.0)
        ]
        assert run.progress == 0.5
        assert {(file.name, file.media_type) for file in run.artifacts} == {
            ("notebook.ipynb", "application/x-ipynb+json"),
            ("report.html", "text/html"),
            ("sample.parquet", "application/vnd.apache.parquet"),
        }

    async def test_it_ends_as_it_did_where_there_is_no_room(
        self, bench: Bench, actor: Actor
    ) -> None:
        """What the kernel publishes is refused, and the report, which is kept, says so."""
        settings = bench.parts.settings.model_copy(update={"file_quota": 5_000})
        full = replace(bench, parts=replace(bench.parts, settings=settings))
        publish = "run.publish('small', 'x')\nrun.publish('large', 'x' * 6_000)"
        run = await full.run(actor, READ, publish)
        assert (run.status, run.error) == ("succeeded", None)
        kept = {file.name for file in run.artifacts}
        assert kept == {"notebook.ipynb", "report.html", "small.txt"}
        report = full.text(run, "report.html")
        assert "Not kept:" in report
        assert "large.txt: The files of your tenant would take more" in report
        assert "small.txt" not in report

    async def test_its_parameters_arrive_as_data(self, bench: Bench, actor: Actor) -> None:
        """Quotes, braces, escapes and code in a text stay that text."""
        hostile = "\"'''; import os; os._exit(3) #{0.__class__} {pm[x]} %s \\ \\n \n \u2028 é"
        bench.put(
            "echo",
            'word = ""',
            "print(ascii(word))",
            parameters={"word": {"type": "string", "default": ""}},
        )

        run = await bench.execute(await bench.order(actor, "echo", word=hostile))

        assert run.status == "succeeded"
        assert bench.said(run).strip() == ascii(hostile)

    async def test_its_ticket_is_renewed_while_it_lasts(
        self, bench: Bench, actor: Actor, tenant: Tenant
    ) -> None:
        """A notebook reads on for longer than a ticket lives; what it has leaked is worth nothing.

        Neither the first ticket's secrets nor the last one's stand in the notebook.
        """
        await flights.load(bench.parts.database, tenant.id, "OO")
        read = "print(run.frame('select count(*) n from flights').n[0])"
        bench.put(
            "cells",
            READ,
            f"{read}\nleaked = run.ticket\nprint(leaked.actor_token)",
            f"import time\ntime.sleep(5)\n{read}\nprint(run.ticket.actor_token)",
            "from workbench.lab import reading\ntry:\n"
            "    reading.frame(leaked, 'select * from flights', [])\n"
            "except reading.BadQuery as error:\n    print('refused', error)",
        )
        run = await bench.order(actor, "cells")
        brief = replace(bench.runner(), lifetime=timedelta(seconds=3))

        await brief.execute(run.tenant_id, run.id)

        ended = await bench.seen(run.tenant_id, run.id)
        assert (ended.status, ended.error) == ("succeeded", None)
        lines = bench.said(ended).splitlines()
        assert lines[:4] == ["32", "•••", "32", "•••"]
        assert lines[4].startswith("refused")

    async def test_it_keeps_what_was_said_last(self, bench: Bench, actor: Actor) -> None:
        """How far the run came is there also when it ends right afterwards."""
        run = await bench.run(actor, READ, "run.progress(3, 4)")

        assert (run.status, run.progress) == ("succeeded", 0.75)

    @pytest.mark.parametrize(
        ("cell", "error"),
        [
            ("1 / 0", "ZeroDivisionError: division by zero"),
            ("import sys; sys.exit(0)", "The notebook ended before all of its cells"),
            ("import os; os._exit(0)", "The kernel died"),
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "The kernel died"),
        ],
    )
    async def test_it_fails_when_a_cell_ends_it(
        self, bench: Bench, actor: Actor, cell: str, error: str
    ) -> None:
        """Neither an error, nor a quiet exit, nor a killed kernel counts as success."""
        run = await bench.run(actor, cell, "print('after')")

        assert run.status == "failed"
        assert error in str(run.error)
        assert "after" not in bench.said(run)
        report = bench.text(run, "report.html").replace("&#39;", "'")
        assert str(run.error) in report
        assert bench.marks(run) == ["executed", "failed", "unrun"]
        assert "Cell 2 of 3 did not come to its end." in report
        assert "From here on nothing was executed: 1 of 3 cells." in report

    @pytest.mark.parametrize(
        ("limits", "error"),
        [
            (
                {"cell_limit_seconds": 2},
                "A cell took longer than 2 seconds (its cell_limit_seconds).",
            ),
            ({"limit_seconds": 3}, "The run took longer than 3 seconds (its limit_seconds)."),
        ],
    )
    async def test_it_times_out(
        self, bench: Bench, actor: Actor, limits: dict[str, int], error: str
    ) -> None:
        """An endless cell ends at the limit of a cell or of the run, whichever comes first."""
        run = await bench.run(actor, "while True: pass", "1", **limits)

        assert (run.status, run.error) == ("timed_out", error)
        assert bench.marks(run) == ["executed", "failed", "unrun"]

    async def test_it_kills_a_call_that_hears_no_interrupt(
        self, bench: Bench, actor: Actor
    ) -> None:
        """A kernel that ignores the interrupt is killed."""
        deaf = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(99)"

        run = await bench.run(actor, deaf, limit_seconds=3)

        assert run.status == "timed_out"
        assert _orphans() == []

    async def test_it_leaves_no_process_behind(self, bench: Bench, actor: Actor) -> None:
        """A child in a session of its own ends with the run."""
        spawn = (
            "import subprocess\n"
            "child = subprocess.Popen(['sleep', '300'], start_new_session=True)\nprint(child.pid)"
        )

        run = await bench.run(actor, spawn)

        assert run.status == "succeeded"
        pid = int(bench.said(run))
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE

    async def test_it_does_nothing_with_a_run_that_waits_no_more(
        self, bench: Bench, actor: Actor
    ) -> None:
        """A second delivery, or a cancelled run, starts no kernel."""
        run = await bench.run(actor, "print(1)")

        again = await bench.execute(run)

        assert (again.status, again.attempt) == ("succeeded", 1)

    async def test_it_refuses_kernels_that_are_not_kept_apart(
        self, bench: Bench, actor: Actor, settings: Settings
    ) -> None:
        """Outside the embedded mode a notebook does not run as the worker's own user."""
        given = Settings(
            _env_file=None,
            home=settings.home,
            database_url="postgresql://nobody@/nowhere",
            secret_key=settings.secret_keys[0],
        )
        strict = replace(bench, parts=replace(bench.parts, settings=given))

        run = await strict.run(actor, "print(1)")

        assert run.status == "failed"
        assert "WORKBENCH_KERNEL_USER" in str(run.error)

    async def test_it_fails_for_somebody_who_left(self, bench: Bench, tenant: Tenant) -> None:
        """Who ordered a run and is removed before it begins reads nothing."""
        database = bench.parts.database
        user = await people.make_user(database)
        membership = await people.join(database, tenant.id, user.id, Role.ANALYST)
        leaver = await people.admit(database, user.id, tenant.id)
        bench.put("cells", "pass")
        run = await bench.order(leaver, "cells")
        await people.leave(database, tenant.id, membership)

        ended = await bench.execute(run)

        assert ended.status == "failed"
        assert "may no longer act" in str(ended.error)


class TestCancel:
    """A run that somebody ends."""

    @pytest.mark.parametrize(
        "cell",
        [
            "while True: pass",
            "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(99)",
            "run.frame('select count(*) from generate_series(1, 10000000000)')",
            "import subprocess\nsubprocess.run(['sleep', '99'], start_new_session=True)",
        ],
    )
    async def test_it_ends_a_cell_at_work(self, bench: Bench, actor: Actor, cell: str) -> None:
        """The status holds at once; the kernel, its children and its query are gone soon after."""
        bench.put("cells", READ, f"run.progress(1, 2)\n{cell}", "print('on')")
        run = await bench.order(actor, "cells")
        runner = bench.runner()
        hearing = asyncio.create_task(runner.calls.hear(bench.parts.database))
        work = asyncio.create_task(runner.execute(run.tenant_id, run.id))
        await _reach(bench, run)
        assert _orphans() != []
        async with bench.parts.database.session(actor) as session:
            await commands.cancel(session, actor, run.id, datetime.now(UTC))
        began = time.monotonic()

        await work

        ended = await bench.seen(run.tenant_id, run.id)
        hearing.cancel()
        assert (ended.status, ended.artifacts) == ("cancelled", [])
        assert time.monotonic() - began < 10
        assert _orphans() == []
        assert await _statements(bench, run) == 0

    async def test_it_ends_a_run_whose_kernel_still_starts(
        self, bench: Bench, actor: Actor
    ) -> None:
        """A run that is cancelled before its first cell executes none, and leaves no kernel."""
        bench.put("cells", "raise SystemError")
        run = await bench.order(actor, "cells")
        work = asyncio.create_task(bench.execute(run))
        while (await bench.seen(run.tenant_id, run.id)).status == "queued":
            await asyncio.sleep(0.01)
        async with bench.parts.database.session(actor) as session:
            await commands.cancel(session, actor, run.id, datetime.now(UTC))

        assert (await work).status == "cancelled"
        assert _orphans() == []

    async def test_it_puts_the_run_back_when_the_worker_stops(
        self, bench: Bench, actor: Actor
    ) -> None:
        """A stop of the worker loses no run, and leaves no kernel."""
        bench.put("cells", READ, SPIN)
        run = await bench.order(actor, "cells")
        work = asyncio.create_task(bench.execute(run))
        await _reach(bench, run)

        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

        assert (await bench.seen(run.tenant_id, run.id)).status == "queued"
        assert _orphans() == []


class TestPermissions:
    """What a kernel may do: what its notebook declares and its user holds."""

    @pytest.mark.acts_as("owner")
    async def test_it_is_no_more_than_the_notebook_declares(
        self, bench: Bench, actor: Actor, tenant: Tenant
    ) -> None:
        """A notebook that declares no permission to read rows reads none, even for an owner."""
        await flights.load(bench.parts.database, tenant.id, "OO")
        count = "print('rows', run.frame('select * from flights').shape[0])"

        allowed = await bench.run(actor, READ, count)
        refused = await bench.run(actor, READ, count, permissions=[Permission.DATASET_READ])

        assert "rows 32" in bench.said(allowed)
        assert "rows 0" in bench.said(refused)
