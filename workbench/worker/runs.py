"""Executing a run: from the queue to a report, watched from beside the kernel."""

import asyncio
import os
import socket
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError

from workbench.actor import Actor
from workbench.db.sandbox import Sandbox
from workbench.errors import Conflict, NotFound, WorkbenchError
from workbench.notebooks import Notebook
from workbench.permissions import Permission
from workbench.runs import attempts
from workbench.runs.attempts import Attempt
from workbench.runs.retries import Cause
from workbench.runs.schemas import Status
from workbench.runs.tickets import Ticket
from workbench.worker import admission, outcome, renewal, sandboxes, ticketing, versions
from workbench.worker.ears import Calls
from workbench.worker.live import Live
from workbench.worker.outcome import Outcome
from workbench.worker.parts import Parts, now
from workbench.worker.report import Facts
from workbench.worker.warm import Kernels
from workbench.worker.watch import Watched

NAME = f"{socket.gethostname()}:{os.getpid()}"
LOST = "PostgreSQL was away when this run should have begun."
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
    """Executes runs; `pool` holds the threads in which papermill works, `kernels` those it uses."""

    parts: Parts
    pool: Executor
    kernels: Kernels
    lifetime: timedelta = renewal.LIFETIME
    calls: Calls = field(default_factory=Calls)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(sandboxes.MOST))

    async def execute(self, tenant_id: UUID, run_id: UUID, slot: int | None = None) -> bool:
        """Execute a run that waits; False when it does not wait any more, or not for us.

        When only the slot was taken meanwhile nothing is done, and it is worth to look again.
        """
        actor = keeper(tenant_id)
        try:
            async with self.parts.database.session(actor) as session:
                run = await attempts.begin(
                    session, actor, run_id, await attempts.clock(session), slot=slot, worker=NAME
                )
                attempt = Attempt(run_id, run.attempt)
                version = await asyncio.to_thread(versions.of, self.parts.shelf, run.notebook)
                await attempts.note_version(session, actor, attempt, **version._asdict())
        except (Conflict, NotFound):
            log.info("run_taken", run=str(run_id))
            return False
        except IntegrityError:
            log.info("slot_taken", run=str(run_id), slot=slot)
            return True
        live = Live(self.parts, actor, attempt, run)
        try:
            ended = await self._attempt(live)
        except asyncio.CancelledError:
            await live.release()
            raise
        except WorkbenchError as error:
            ended = Outcome(Status.FAILED, str(error), cause=None)
        except DBAPIError as error:
            log.warning("database_lost", run=str(run_id), reason=str(error.orig)[:200])
            cause = None if live.has_begun else Cause.FAULT
            ended = live.ended or Outcome(Status.FAILED, LOST, cause)
        except Exception:
            log.exception("run_broke", run=str(run_id))
            ended = Outcome(Status.FAILED, "Workbench could not execute this run.", cause=None)
        if ended is not None:
            await live.finish(ended)
        return True

    async def _attempt(self, live: Live) -> Outcome | None:
        parts, run = self.parts, live.run
        if not parts.may_start_kernels:
            raise UnsafeKernels
        notebook = parts.shelf.named(run.notebook)
        async with (
            admission.admitted(
                *(parts.database, live.keeper, live.attempt.sid, run.requested_by),
                _lifetime(notebook),
            ) as user,
            sandboxes.opened(parts, self.slots, notebook, user, live) as sandbox,
        ):
            return await self._executed(live, notebook, user, sandbox)

    async def _executed(
        self,
        live: Live,
        notebook: Notebook,
        user: Actor,
        sandbox: Sandbox | None,
    ) -> Outcome | None:
        run = live.run
        parameters = notebook.checked(run.parameters)
        limit = timedelta(seconds=notebook.limit_seconds)
        issue = partial(self._issue, live, notebook, user, sandbox, parameters)
        with self.kernels.place() as place, self.calls.awaited(run.id) as call:
            if place.limits is not None:
                place = place.narrowed(place.limits.narrowed(notebook))  # noqa: PLW2901
            watched = Watched(live, place, notebook, pool=self.pool, call=call)
            try:
                async with renewal.renewed(place, issue, self.lifetime) as handed:
                    live.hidden = handed.secrets
                    live.has_begun = True
                    ended = live.ended = await watched.run(parameters, now() + limit)
                if ended is None or watched.notebook is None:
                    return ended
                ended = live.ended = ended.redacted(handed.secrets)
                executed = outcome.redacted(watched.notebook, handed.secrets)
                named = notebook.titled(parameters)
                facts = Facts(notebook.title, handed.ticket.tenant_name, named, run.started_at)
                kept = live.keep_notebook(executed, facts, ended)
                _, live.ended = await asyncio.gather(watched.end(), kept)
                return live.ended
            finally:
                await watched.end()

    async def _issue(
        self,
        live: Live,
        notebook: Notebook,
        user: Actor,
        sandbox: Sandbox | None,
        parameters: dict[str, Any],
    ) -> Ticket:
        parts, run = self.parts, live.run
        actor = user.narrowed(notebook.permissions)
        async with parts.database.session(user) as session:
            ticket = await ticketing.issue(
                parts,
                session,
                actor,
                self.lifetime,
                run_id=run.id,
                notebook=notebook.name,
                parameters=parameters,
            )
        ticket = ticketing.contracted(parts, ticket, notebook)
        ticket = ticket.model_copy(update={"order": run.orders})
        ticket = ticketing.scaled(parts, actor, ticket, _lifetime(notebook))
        return ticket if sandbox is None else ticketing.sandboxed(ticket, sandbox)


def _lifetime(notebook: Notebook) -> timedelta:
    """How long a run may act at most."""
    return timedelta(seconds=notebook.limit_seconds) + GRACE
