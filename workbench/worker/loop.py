"""The worker's loop: it takes jobs until it is told to stop, also across PostgreSQL's restarts."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from typing import Any

import procrastinate
import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout

from workbench.settings import Settings
from workbench.worker import (
    datasets,
    forgetting,
    kernel,
    lenses,
    past,
    retention,
    roll,
    schedules,
    skipping,
    statements,
    stays,
    tasks,
    tidying,
)
from workbench.worker import parts as parts_
from workbench.worker.hands import Hands
from workbench.worker.limits import Limits
from workbench.worker.mail import Mailroom
from workbench.worker.parts import Parts, now
from workbench.worker.relay import relay
from workbench.worker.rescue import rescue
from workbench.worker.runs import Runner
from workbench.worker.seal import seal
from workbench.worker.tasks import EVERYTHING, GRACE_SECONDS, RUNS, Share
from workbench.worker.warm import Kernels

RELAY_SECONDS = 0.5
RELAY_LEAST_SECONDS = 0.02
WARM_SECONDS = 60.0
MAIL_SECONDS = 2.0
TICK_SECONDS = 1.0
RESCUE_SECONDS = 10.0
SIGN_SECONDS = 10.0
SEAL_SECONDS = 1.0
EXPIRE_SECONDS = 10.0
SWEEP_SECONDS = 600.0
FILES_SECONDS = 6 * 3600.0
PURGE_SECONDS = 3600.0
PAUSE_SECONDS = 1.0
log = structlog.get_logger(__name__)


async def serve(
    settings: Settings, stop: asyncio.Event | None = None, share: Share = EVERYTHING
) -> None:
    """Take runs and imports from the queue, and send mail, until a signal or `stop` ends it.

    Runs that are at work go back into the queue; no kernel stays behind.
    """
    if stop is None:
        stop = asyncio.Event()
        for signum in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    kernel.clear(Limits.of(settings))
    parts = parts_.make(settings)
    try:
        await work(parts, stop, share)
    finally:
        await parts.database.close()


async def work(parts: Parts, stop: asyncio.Event, share: Share = EVERYTHING) -> None:
    """Take a share of runs and imports from the queue until `stop` is set."""
    kernels = Kernels(parts.place, parts.settings.warm_kernels)
    with ThreadPoolExecutor(share.concurrency, "kernel") as pool, closing(kernels):
        if parts.may_start_kernels:
            await asyncio.to_thread(kernels.fill)
        await _work(parts, Runner(parts, pool, kernels), stop, share)


async def _work(parts: Parts, runner: Runner, stop: asyncio.Event, share: Share) -> None:
    lanes = share.lanes()
    hands = [
        Hands(runner, queues, most) for queues, most in lanes.items() if not RUNS.isdisjoint(queues)
    ]
    entry = roll.Entry(share.queues, hands, runner.kernels)
    mailroom = Mailroom.of(parts)
    chores = (
        asyncio.create_task(_often(lambda: _relay(parts, runner.calls.due), RELAY_LEAST_SECONDS)),
        asyncio.create_task(_often(lambda: _deliver(mailroom), MAIL_SECONDS)),
        asyncio.create_task(_often(lambda: _tick(parts), TICK_SECONDS)),
        asyncio.create_task(_often(lambda: _skip(parts), TICK_SECONDS)),
        asyncio.create_task(_often(lambda: _seal(parts), SEAL_SECONDS)),
        asyncio.create_task(_often(lambda: stays.expire(parts.database), EXPIRE_SECONDS)),
        asyncio.create_task(_often(lambda: _sweep(parts), SWEEP_SECONDS)),
        asyncio.create_task(_often(lambda: _sweep_files(parts), FILES_SECONDS)),
        asyncio.create_task(_often(lambda: runner.calls.hear(parts.database), PAUSE_SECONDS)),
        asyncio.create_task(_often(lambda: asyncio.to_thread(runner.kernels.fill), WARM_SECONDS)),
        asyncio.create_task(_often(lambda: _purge(parts), PURGE_SECONDS)),
    )
    log.info("worker_started", concurrency=share.concurrency, queues=share.queues)
    try:
        while not stop.is_set():
            jobs = tasks.Jobs()
            try:
                async with tasks.build(parts, hands, jobs).open_async() as app:
                    await _take(parts, app, jobs, stop, lanes, entry)
            except (ConnectorException, psycopg.Error, PoolTimeout, OSError) as error:
                log.warning("queue_lost", reason=str(error.__cause__ or error)[:200])
            # procrastinate returns as if all were well when PostgreSQL restarts.
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE_SECONDS)
    finally:
        await asyncio.gather(*(some.end() for some in hands))
        for chore in chores:
            await _end(chore)
        log.info("worker_stopped")


async def _take(
    parts: Parts,
    app: procrastinate.App,
    jobs: tasks.Jobs,
    stop: asyncio.Event,
    lanes: dict[tuple[str, ...], int],
    entry: roll.Entry,
) -> None:
    working = [asyncio.create_task(_lane(app, queues, most)) for queues, most in lanes.items()]
    kept = forgetting.Kept.of(parts.settings)
    chores = (
        asyncio.create_task(_often(lambda: _rescue(parts, app, entry.hands), RESCUE_SECONDS)),
        asyncio.create_task(_often(lambda: entry.sign(app), SIGN_SECONDS)),
        asyncio.create_task(_often(lambda: forgetting.forget_jobs(app, kept), PURGE_SECONDS)),
    )
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({*working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*chores, stopping):
            await _end(task)
        lost = [task for task in working if task.done()]
        left = {*working}
        while left:
            if not jobs.tasks:  # also again: one that still begins may have swallowed it
                for task in left:
                    task.cancel()
            jobs.end()
            _, left = await asyncio.wait(left, timeout=PAUSE_SECONDS)
        with suppress(ConnectorException, psycopg.Error, PoolTimeout):
            await entry.leave(app)
    for task in lost:
        task.result()


async def _lane(app: procrastinate.App, queues: Collection[str], most: int) -> None:
    # A run does not keep a worker that has lost the queue from coming back to it.
    patience: Any = {} if RUNS.isdisjoint(queues) else {"shutdown_graceful_timeout": GRACE_SECONDS}
    await app.run_worker_async(
        queues=list(queues),
        concurrency=most,
        install_signal_handlers=False,
        delete_jobs="successful",
        task_middleware=[roll.noting(app)],
        **patience,
    )


async def _rescue(parts: Parts, app: procrastinate.App, hands: Sequence[Hands]) -> None:
    await rescue(parts, app)
    for some in hands:
        some.remind()


async def _relay(parts: Parts, due: asyncio.Event) -> None:
    """Send what is due, then wait to be called, or a while."""
    due.clear()
    try:
        while await relay(parts.database):
            pass
    except Exception:
        await asyncio.sleep(RELAY_SECONDS)
        raise
    with suppress(TimeoutError):
        async with asyncio.timeout(RELAY_SECONDS):  # `wait_for` may swallow a cancellation
            await due.wait()


async def _deliver(mailroom: Mailroom) -> None:
    while await mailroom.deliver():
        pass


async def _tick(parts: Parts) -> None:
    await schedules.tick(parts, now())


async def _skip(parts: Parts) -> None:
    await skipping.skip(parts.database)


async def _seal(parts: Parts) -> None:
    while await seal(parts.database):
        pass


async def _sweep(parts: Parts) -> None:
    await lenses.sweep(parts.database)
    await statements.forget(parts.database, now())


async def _sweep_files(parts: Parts) -> None:
    await tidying.sweep(parts.database, parts.storage, now())


async def _purge(parts: Parts) -> None:
    kept = timedelta(days=parts.settings.retention_days)
    await retention.purge(parts.database, now() - kept)
    await past.purge(parts.database, parts.storage, now() - kept)
    await datasets.sweep(parts.database, parts.storage, now(), kept=kept)
    await tidying.tidy(parts.database, parts.storage, now(), kept=kept)
    await forgetting.forget(parts.database, now(), forgetting.Kept.of(parts.settings))


async def _often(action: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        try:
            await action()
        except Exception as error:  # noqa: BLE001 (whatever it is, the next time may succeed)
            log.warning("chore_failed", reason=f"{type(error).__name__}: {error}"[:200])
        await asyncio.sleep(seconds)


async def _end(task: "asyncio.Task[object]") -> None:
    # One that waits for a connection may swallow a cancellation, so it is told until it hears.
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=PAUSE_SECONDS)
