"""The queue under what happens to machines: killed workers, a restarted PostgreSQL, many hands."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from tests.support.kernels import Bench
from tests.support.serving import serving
from workbench.actor import Actor
from workbench.api import app as api
from workbench.datasets.sql_models import SavedQuery
from workbench.db.embedded import Embedded
from workbench.permissions import Permission
from workbench.runs import attempts, commands, queries, turns
from workbench.runs.attempts import Attempt, StaleAttempt
from workbench.runs.models import Run
from workbench.runs.schemas import Status
from workbench.settings import Settings
from workbench.worker import loop
from workbench.worker.parts import Parts
from workbench.worker.rescue import rescue_runs
from workbench.worker.runs import keeper
from workbench.worker.tasks import EVERYTHING, Share

OPEN = "from workbench import lab; run = lab.open_run()"
WORKER = """
import asyncio, dataclasses, pathlib
from workbench.notebooks import Shelf
from workbench.settings import Settings
from workbench.worker import loop, parts

made = parts.make(Settings(_env_file=None, home={home!r}, port={port}))
made = dataclasses.replace(made, shelf=Shelf(pathlib.Path({folder!r})))
asyncio.run(loop.work(made, asyncio.Event()))
"""
# A name is given once: without a key, what is posted again would be refused.
WRITES = """
from pathlib import Path
from uuid import UUID
answer = run.api.post("sql/saved", json={"name": "once", "sql": "select 1"})
run.metric("status", answer.status_code)
first = Path(FOLDER) / "first"
if not first.exists():
    first.touch()
    while True: pass
"""


@asynccontextmanager
async def _working(parts: Parts, share: Share = EVERYTHING) -> AsyncIterator[None]:
    stop = asyncio.Event()
    working = asyncio.create_task(loop.work(parts, stop, share))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(working, 30)


async def _until(bench: Bench, run: Run, *wanted: str) -> Run:
    async with asyncio.timeout(60):
        while (seen := await bench.seen(run.tenant_id, run.id)).status not in wanted:
            await asyncio.sleep(0.1)
        return seen


async def _history(bench: Bench, run: Run) -> list[str | None]:
    system = keeper(run.tenant_id)
    async with bench.parts.database.session(system) as session:
        rows = await session.scalars(queries.attempts(system, run.id))
        return [row.outcome for row in rows]


@pytest.mark.acts_as("engineer")
async def test_a_killed_worker_is_replaced_once_and_nothing_is_made_twice(
    bench: Bench, actor: Actor, settings: Settings, tmp_path: Path
) -> None:
    """The run is tried again by another worker; what it made by the API before is there once."""
    bench.put(
        *("cells", "pass", OPEN, f"FOLDER = {str(tmp_path)!r}", WRITES),
        permissions=[Permission.SQL_RUN],
    )
    parts = bench.parts
    app = api.create(settings, parts.database, parts.storage)
    async with serving(app) as url:
        port = int(url.rpartition(":")[2])
        code = WORKER.format(home=str(settings.home), folder=str(bench.folder), port=port)
        first = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code), stdout=subprocess.DEVNULL
        )
        run = await bench.order(actor, "cells")
        while not (tmp_path / "first").exists():
            await asyncio.sleep(0.1)
        first.kill()
        await first.wait()
        waiting = run
        while waiting.status != "queued" or not waiting.retried:
            await rescue_runs(parts, timedelta(0))  # what its last statement holds is left alone
            waiting = await bench.seen(run.tenant_id, run.id)
        assert (waiting.status, waiting.retried) == ("queued", 1)

        second = replace(parts, settings=settings.model_copy(update={"port": port}))
        async with _working(second):
            ended = await _until(bench, run, "succeeded", "failed")
    assert (ended.status, ended.attempt) == ("succeeded", 2), ended.error
    assert await _history(bench, run) == ["lost", "succeeded"]
    assert [metric.value for metric in ended.metrics] == [201]
    async with parts.database.session(actor) as session:
        assert await session.scalar(select(func.count(SavedQuery.id))) == 1


async def test_a_restart_of_postgres_ends_no_run(
    bench: Bench, actor: Actor, server: Embedded
) -> None:
    """What is at work goes on as the same attempt, loses no figure, and others come after it."""
    ticks = f"""
import pathlib, time
for tick in range(30):
    run.metric(f"tick_{{tick}}", tick)
    time.sleep(0.1)
while not pathlib.Path({str(bench.folder / "enough")!r}).exists():
    time.sleep(0.1)
"""
    bench.put("ticks", "pass", OPEN, ticks)
    bench.put("quick", "pass")
    async with _working(bench.parts, Share(concurrency=2)):
        run = await bench.order(actor, "ticks")
        while not (await bench.seen(run.tenant_id, run.id)).metrics:
            await asyncio.sleep(0.1)
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        after = await _until(bench, await bench.order(actor, "quick"), "succeeded")
        assert (await bench.seen(run.tenant_id, run.id)).status == "running"
        (bench.folder / "enough").touch()
        ended = await _until(bench, run, "succeeded", "failed")
    assert (ended.status, ended.attempt, after.attempt) == ("succeeded", 1, 1), ended.error
    assert sorted(metric.value for metric in ended.metrics) == [*range(30)]


@pytest.mark.acts_as("engineer")
async def test_many_hands_take_each_run_once(bench: Bench, actor: Actor) -> None:
    """Of 50 that start at once eight hands take each once, never more at once than slots."""
    database = bench.parts.database
    bench.put("cells", "pass")
    notebook = bench.parts.shelf.named("cells")

    async def order() -> None:
        async with database.session(actor) as session:
            await commands.start(session, actor, notebook, {})

    await asyncio.gather(*(order() for _ in range(50)))
    taken: list[str] = []
    foreign: list[UUID] = []  # what other tests have left waiting
    busiest = 0

    async def hand() -> None:
        nonlocal busiest
        system, passed = keeper(actor.require_tenant()), list[UUID]()
        while len(taken) < 50:
            async with database.session(Actor.of_system("runs")) as session:
                left_out = [*passed, *foreign]
                turn = await turns.next_turn(session, ("interactive",), 3, left_out)
            if turn is not None and turn.tenant_id != actor.tenant_id:
                foreign.append(turn.run_id)
                continue
            if turn is None:
                passed.clear()
                await asyncio.sleep(0.01)
                continue
            try:
                async with database.session(system) as session:
                    time = await attempts.clock(session)
                    run = await attempts.begin(session, system, turn.run_id, time, slot=turn.slot)
            except (StaleAttempt, IntegrityError):  # another hand was faster
                passed.append(turn.run_id)
                continue
            passed.clear()
            await asyncio.sleep(0.1)
            taken.append(str(run.id))
            async with database.session(system) as session:
                count = text("select count(*) from runs where status = 'running'")
                busiest = max(busiest, await session.scalar(count) or 0)
                attempt = Attempt(run.id, run.attempt)
                await attempts.finish(session, system, attempt, Status.SUCCEEDED, time)

    await asyncio.wait_for(asyncio.gather(*(hand() for _ in range(8))), 60)
    assert len(taken) == len(set(taken)) == 50
    assert 1 < busiest <= 3


@pytest.mark.parametrize(
    ("share", "lanes"),
    [
        (Share(), {("interactive", "batch"): 3, ("interactive",): 1, ("imports", "tenants"): 2}),
        (Share(("batch",), 8), {("batch",): 8}),
        (Share(("interactive", "imports"), 2), {("interactive",): 2, ("imports",): 2}),
        (Share(concurrency=1), {("interactive", "batch"): 1, ("imports", "tenants"): 2}),
    ],
)
def test_a_share_keeps_a_hand_for_interactive_runs(
    share: Share, lanes: dict[tuple[str, ...], int]
) -> None:
    """Batches fill all hands but one, where there are two; imports wait for no run."""
    assert share.lanes() == lanes
