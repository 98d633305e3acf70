"""Executing a run: from the queue to a report, watched from beside the kernel."""

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog

from workbench.actor import Actor
from workbench.db.sandbox import Sandbox
from workbench.errors import Conflict, NotFound, WorkbenchError
from workbench.notebooks import Notebook
from workbench.permissions import Permission
from workbench.runs import attempts
from workbench.runs.attempts import Attempt
from workbench.runs.schemas import Status
from workbench.worker import admission, kernel, outcome, sandboxes, ticketing
from workbench.worker.live import Live
from workbench.worker.outcome import Outcome
from workbench.worker.parts import Parts, now
from workbench.worker.report import Facts
from workbench.worker.watch import Watched

GRACE = timedelta(minutes=2)  # beyond a run's limit, for its start and its report
log = structlog.get_logger(__name__)


class UnsafeKernels(Conflict):
    """Notebooks would run as the worker's own system user; set WORKBENCH_KERNEL_USER."""

    code = "unsafe_kernels"


def keeper(tenant_id: UUID) -> Actor:
    """The system's actor that keeps a tenant's runs."""
    return Actor.of_system("runs", Permission.RUN_READ, Permission.RUN_START, tenant_id=tenant_id)


@dataclass(frozen=True, slots=True)
class Runner:
    """Executes runs; the pool holds the threads in which papermill works."""

    parts: Parts
    pool: Executor
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(sandboxes.MOST))

    async def execute(self, tenant_id: UUID, run_id: UUID) -> None:
        """Execute a run that waits; do nothing when it does not wait any more."""
        actor = keeper(tenant_id)
        try:
            async with self.parts.database.session(actor) as session:
                run = await attempts.begin(session, actor, run_id, now())
        except (Conflict, NotFound):
            log.info("run_taken", run=str(run_id))
            return
        live = Live(self.parts, actor, Attempt(run_id, run.attempt), run)
        try:
            ended = await self._attempt(live)
        except asyncio.CancelledError:
            await live.release()
            raise
        except WorkbenchError as error:
            ended = Outcome(Status.FAILED, str(error))
        except Exception:
            log.exception("run_broke", run=str(run_id))
            ended = Outcome(Status.FAILED, "Workbench could not execute this run.")
        if ended is not None:
            await live.finish(ended)

    async def _attempt(self, live: Live) -> Outcome | None:
        parts, run = self.parts, live.run
        if not parts.may_start_kernels:
            raise UnsafeKernels
        notebook = parts.shelf.named(run.notebook)
        lifetime = timedelta(seconds=notebook.limit_seconds) + GRACE
        async with (
            admission.admitted(
                parts.database, live.keeper, run.id, run.requested_by, lifetime
            ) as user,
            sandboxes.opened(parts, self.slots, notebook, user, live) as sandbox,
        ):
            return await self._executed(live, notebook, user, sandbox, lifetime)

    async def _executed(
        self,
        live: Live,
        notebook: Notebook,
        user: Actor,
        sandbox: Sandbox | None,
        lifetime: timedelta,
    ) -> Outcome | None:
        parts, run = self.parts, live.run
        parameters = notebook.checked(run.parameters)
        async with parts.database.session(user) as session:
            ticket = await ticketing.issue(
                parts,
                session,
                user.narrowed(notebook.permissions),
                lifetime,
                run_id=run.id,
                notebook=notebook.name,
                parameters=parameters,
            )
        ticket = ticketing.contracted(parts, ticket, notebook)
        if sandbox is not None:
            ticket = ticketing.sandboxed(ticket, sandbox)
        live.hidden = ticketing.secrets(ticket)
        with kernel.scratch(parts.settings.kernel_user, parts.python) as place:
            ticket.write(place.ticket)
            place.give(place.ticket)
            watched = Watched(live, place, notebook, self.pool)
            ended = await watched.run(parameters, now() + lifetime - GRACE)
        if ended is None or watched.notebook is None:
            return ended
        ended = ended.redacted(ticketing.secrets(ticket))
        executed = outcome.redacted(watched.notebook, ticketing.secrets(ticket))
        named = notebook.titled(parameters)
        facts = Facts(notebook.title, ticket.tenant_name, named, run.started_at)
        return await live.keep_notebook(executed, facts, ended)
