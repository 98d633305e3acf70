"""A kernel that shouts on the queue's channels disturbs nobody's work (R33)."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import procrastinate
import pytest

from tests.isolation.world import TENANT, World, attempt
from workbench.queue import commands as queue
from workbench.worker import ears

CHANNELS = ("procrastinate_any_queue_v1", "procrastinate_queue_v1#channels")
LIES = (
    "no JSON",
    "",
    "[]",
    "17",
    "{}",
    '{"type": "abort_job_requested"}',
    '{"type": "job_inserted"}',
    '{"type": "' + "A" * 7000 + '"}',
)


@pytest.fixture
async def app(world: World) -> AsyncIterator[procrastinate.App]:
    """A queue's app with one task, as the worker builds its own."""
    url = world.database.logins.worker.set(drivername="postgresql")
    conninfo = url.render_as_string(hide_password=False)
    app = procrastinate.App(connector=ears.Connector(conninfo=conninfo, min_size=1, max_size=3))
    async with app.open_async():
        yield app


async def test_lies_stop_no_worker_and_abort_no_job(world: World, app: procrastinate.App) -> None:
    """While A's kernel tells every lie on every channel, B's jobs are taken and completed."""
    done: list[str] = []
    started, told = asyncio.Event(), asyncio.Event()

    @app.task(name="channels.work", queue="channels", pass_context=True)
    async def work(context: procrastinate.JobContext, *, run_id: str) -> None:
        started.set()
        await asyncio.wait_for(told.wait(), 10)
        await asyncio.sleep(0.2)
        done.append(run_id if not context.should_abort() else "aborted")

    ids = [uuid4(), uuid4()]
    working = asyncio.create_task(
        app.run_worker_async(
            queues=["channels"], install_signal_handlers=False, fetch_job_polling_interval=60
        )
    )
    await _until_it_listens(world)
    await _enqueue(world, ids[0])
    await asyncio.wait_for(started.wait(), 10)
    _shout(world)
    await asyncio.sleep(0.3)
    told.set()
    await asyncio.sleep(0.5)
    await _enqueue(world, ids[1])
    async with asyncio.timeout(10):
        while len(done) < 2:
            await asyncio.sleep(0.05)
    assert not working.done()
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    assert done == [str(id_) for id_ in ids]


async def _until_it_listens(world: World) -> None:
    query = "select 1 from pg_stat_activity where datname = %s and query ilike 'listen %%'"
    async with asyncio.timeout(10):
        while not world.superuser.execute(query, ["isolation"]).fetchall():
            await asyncio.sleep(0.05)


async def _enqueue(world: World, run_id: object) -> None:
    async with world.database.session(world.b.system) as session:
        await queue.enqueue(session, "channels.work", queue="channels", run_id=run_id)  # type: ignore[arg-type]


def _shout(world: World) -> None:
    """Tell every lie, and ask for the end of every job that could be running."""
    aborts = [json.dumps({"type": "abort_job_requested", "job_id": n}) for n in range(1, 200)]
    with world.connect(TENANT, world.a) as kernel:
        for channel in CHANNELS:
            for payload in (*aborts, *LIES):
                kernel.execute(f"notify \"{channel}\", '{payload}'")
        assert attempt(kernel, "select pg_notify('a', 'b')").error == "42501"
