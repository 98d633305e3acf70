"""The attempt in the database: what its kernel says, what it leaves, how it ends."""

import asyncio
import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

import nbformat
import structlog
from nbformat import NotebookNode
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.errors import Conflict, Invalid, NotFound, TooMany, Unauthenticated
from workbench.identity.tokens import Claims
from workbench.runs import attempts
from workbench.runs.attempts import Attempt, StaleAttempt
from workbench.runs.models import Run
from workbench.runs.schemas import (
    MAX_ARTIFACT_BYTES,
    MEDIA_TYPES,
    MESSAGE,
    ArtifactMessage,
    MetricMessage,
    ProgressMessage,
    ReadMessage,
)
from workbench.storage import Storage
from workbench.worker import report
from workbench.worker.outcome import Outcome
from workbench.worker.parts import Parts, now
from workbench.worker.report import Facts

WRITE_TRIES = 20
PAUSE_SECONDS = 0.5
MAX_READS = 1000  # of one attempt that the audit keeps: a kernel could say anything, for ever
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Live:
    """An attempt that goes on: its beats, metrics, artifacts and end, each fenced."""

    parts: Parts
    keeper: Actor
    attempt: Attempt
    run: Run
    progress: float | None = None
    reads: int = 0
    metrics: dict[str, MetricMessage] = field(default_factory=dict)

    async def beat(self) -> None:
        """Say that the attempt is alive; raise StaleAttempt when it is over."""
        async with self.parts.database.session(self.keeper) as session:
            await attempts.beat(session, self.keeper, self.attempt, now(), self.progress)

    async def is_admitted(self) -> bool:
        """Whether who started the run may still act; a next query would be refused otherwise."""
        run = self.run
        claims = Claims(run.id, run.requested_by, run.tenant_id)
        try:
            await access.actor_of(self.parts.database, claims)
        except Unauthenticated:
            return False
        return True

    async def release(self) -> None:
        """Put the run back into the queue, unless it is over."""
        try:
            async with self.parts.database.session(self.keeper) as session:
                await attempts.release(session, self.keeper, self.attempt)
        except (StaleAttempt, DBAPIError):
            log.info("run_not_released", run=str(self.run.id))

    async def finish(self, ended: Outcome) -> None:
        """End the attempt, also when PostgreSQL is away for some seconds."""
        for _ in range(WRITE_TRIES):
            try:
                await self.beat()  # the last progress may be younger than the last beat
                async with self.parts.database.session(self.keeper) as session:
                    await attempts.finish(
                        session, self.keeper, self.attempt, ended.status, now(), ended.error
                    )
            except StaleAttempt:
                return
            except DBAPIError:
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                log.info("run_finished", run=str(self.run.id), status=ended.status)
                return

    async def hear(self, message: Any) -> None:
        """Write down what the kernel says; what is no message of ours is left out."""
        try:
            heard = MESSAGE.validate_python(message)
        except ValidationError:
            log.warning("message_refused", run=str(self.run.id))
            return
        try:
            if isinstance(heard, ProgressMessage):
                self.progress = min(heard.done / heard.total, 1.0)
            elif isinstance(heard, MetricMessage):
                async with self.parts.database.session(self.keeper) as session:
                    await attempts.record_metric(session, self.keeper, self.attempt, heard)
                self.metrics[heard.name] = heard
            elif isinstance(heard, ReadMessage):
                await self._note(heard)
            else:
                await self._publish(heard)
        except (StaleAttempt, TooMany, Invalid, NotFound, Conflict) as error:
            log.warning("message_not_kept", run=str(self.run.id), reason=str(error))

    async def keep(self, name: str, media_type: str, data: bytes) -> None:
        """Keep a file of the attempt; nothing stays in storage when the row cannot be written."""
        kind = f"runs-{self.attempt.number}"
        key = Storage.key(self.run.tenant_id, kind, self.run.id, name)
        await asyncio.to_thread(self._store, key, data)
        try:
            async with self.parts.database.session(self.keeper) as session:
                await attempts.add_artifact(
                    session,
                    self.keeper,
                    self.attempt,
                    name=name,
                    media_type=media_type,
                    size=len(data),
                    storage_key=key,
                )
        except BaseException:
            self.parts.storage.remove(key)
            raise

    async def keep_notebook(self, executed: NotebookNode, facts: Facts, ended: Outcome) -> None:
        """Keep the executed notebook and the report that people read."""
        try:
            metrics = [*self.metrics.values()]
            html = await asyncio.to_thread(report.html, executed, facts, ended, metrics)
            await self.keep("report.html", "text/html", html.encode())
            written = nbformat.writes(executed).encode()
            await self.keep("notebook.ipynb", "application/x-ipynb+json", written)
        except StaleAttempt:
            log.info("report_not_kept", run=str(self.run.id))

    async def _note(self, heard: ReadMessage) -> None:
        if self.reads >= MAX_READS:
            raise TooMany(f"The audit keeps {MAX_READS} reads of an attempt.")
        self.reads += 1
        async with self.parts.database.session(self.keeper) as session:
            await attempts.record_read(session, self.keeper, self.attempt, self.run.notebook, heard)

    def _store(self, key: str, data: bytes) -> None:
        with self.parts.storage.write(key) as file:
            file.write(data)

    async def _publish(self, heard: ArtifactMessage) -> None:
        try:
            data = base64.b64decode(heard.data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Invalid("The published file is not base64.") from error
        if len(data) > MAX_ARTIFACT_BYTES:
            raise TooMany("The published file is too large.")
        await self.keep(heard.name, MEDIA_TYPES[heard.name.rsplit(".", 1)[-1]], data)
