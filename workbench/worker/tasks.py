"""The tasks that the worker takes from the queue; their arguments are ids only."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import procrastinate
from procrastinate import JobContext, RetryStrategy

from workbench.worker import announcing, ears, exporting, imports, purging
from workbench.worker.hands import Hands
from workbench.worker.parts import Parts

CONCURRENCY = 4  # runs at once, of which RESERVED are interactive ones
RESERVED = 1
OTHERS = 2  # imports, exports and purges at once
IMPORT_TRIES = 3
ANNOUNCE = RetryStrategy(max_attempts=8, exponential_wait=2)
PURGE_TRIES, PURGE_WAIT = 20, 60
INTERACTIVE, BATCH = "interactive", "batch"
RUNS = frozenset({INTERACTIVE, BATCH})
OTHER = ("imports", "tenants")
QUEUES = (INTERACTIVE, BATCH, *OTHER)
GRACE_SECONDS = 1.0  # runs go on without the queue; see hands


@dataclass(frozen=True, slots=True)
class Share:
    """What a worker takes: from which queues, and how many runs at once."""

    queues: tuple[str, ...] = QUEUES
    concurrency: int = CONCURRENCY

    def lanes(self) -> dict[tuple[str, ...], int]:
        """How much is done at once for which queues.

        Where a worker takes interactive runs and batches, a hand is kept for the interactive ones;
        imports and what tenants order wait for no run.
        """
        runs = tuple(queue for queue in self.queues if queue in RUNS)
        others = tuple(queue for queue in self.queues if queue in OTHER)
        kept = RESERVED if len(runs) > 1 and self.concurrency > RESERVED else 0
        lanes = {runs: self.concurrency - kept, (INTERACTIVE,): kept, others: OTHERS}
        if kept == 0:
            lanes = {runs: self.concurrency, others: OTHERS}
        return {queues: most for queues, most in lanes.items() if queues}


EVERYTHING = Share()


@dataclass(slots=True)
class Jobs:
    """The jobs at work in this process, so that a stop can end them."""

    tasks: set["asyncio.Task[Any]"] = field(default_factory=set)
    ended: set["asyncio.Task[Any]"] = field(default_factory=set)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count the current task among the jobs."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self.tasks.add(task)
        try:
            yield
        finally:
            self.tasks.discard(task)
            self.ended.discard(task)

    def end(self) -> None:
        """Cancel each job once, so that it can put its work back undisturbed."""
        for task in self.tasks - self.ended:
            self.ended.add(task)
            task.cancel()


def build(parts: Parts, hands: Sequence[Hands], jobs: Jobs) -> procrastinate.App:
    """The queue's app with our tasks, not opened yet."""
    url = parts.database.logins.worker.set(drivername="postgresql")
    app = procrastinate.App(
        connector=ears.Connector(
            conninfo=url.render_as_string(hide_password=False),
            min_size=1,
            max_size=sum(some.most for some in hands) + OTHERS + 2,
        )
    )

    @app.task(name="runs.take", pass_context=True)
    async def take(context: JobContext) -> None:
        ours = next(some for some in hands if some.queues == tuple(context.worker_queues or ()))
        with jobs.at_work():
            await ours.look()

    @app.task(
        name="datasets.load",
        queue="imports",
        pass_context=True,
        retry=RetryStrategy(max_attempts=IMPORT_TRIES, wait=2),
    )
    async def load(context: JobContext, *, tenant_id: str, import_id: str) -> None:
        is_last = context.job.attempts >= IMPORT_TRIES
        with jobs.at_work():
            await imports.load(parts, UUID(tenant_id), UUID(import_id), is_last_try=is_last)

    @app.task(name="runs.announce", queue="tenants", retry=ANNOUNCE)
    async def announce(*, tenant_id: str, run_id: str) -> None:
        with jobs.at_work():
            await announcing.announce(parts.database, UUID(tenant_id), UUID(run_id))

    @app.task(name="tenants.export", queue="tenants")
    async def export(*, tenant_id: str, export_id: str) -> None:
        with jobs.at_work():
            await exporting.export(parts, UUID(tenant_id), UUID(export_id))

    @app.task(
        name="tenants.purge",
        queue="tenants",
        retry=RetryStrategy(max_attempts=PURGE_TRIES, wait=PURGE_WAIT),
    )
    async def purge(*, purge_id: str) -> None:
        with jobs.at_work():
            await purging.purge(parts.database, parts.storage, UUID(purge_id))

    return app
