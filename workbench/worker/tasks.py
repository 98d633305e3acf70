"""The tasks that the worker takes from the queue; their arguments are ids only."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import procrastinate
from procrastinate import JobContext, RetryStrategy

from workbench.worker import ears, exporting, imports, purging
from workbench.worker.parts import Parts
from workbench.worker.runs import Runner

CONCURRENCY = 4
IMPORT_TRIES = 3
PURGE_TRIES, PURGE_WAIT = 20, 60
QUEUES = ("imports", "runs", "tenants")


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


def build(parts: Parts, runner: Runner, jobs: Jobs) -> procrastinate.App:
    """The queue's app with our tasks, not opened yet."""
    url = parts.database.logins.worker.set(drivername="postgresql")
    app = procrastinate.App(
        connector=ears.Connector(
            conninfo=url.render_as_string(hide_password=False),
            min_size=1,
            max_size=CONCURRENCY + 2,
        )
    )

    @app.task(name="runs.execute", queue="runs")
    async def execute(*, tenant_id: str, run_id: str) -> None:
        with jobs.at_work():
            await runner.execute(UUID(tenant_id), UUID(run_id))

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
