"""The attempt in the database: what its kernel says, what it leaves, how it ends."""

import asyncio
import base64
import binascii
import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import nbformat
import structlog
from nbformat import NotebookNode
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.errors import Invalid, TooMany, Unauthenticated, WorkbenchError
from workbench.files import writing
from workbench.files.attached import Made
from workbench.identity.tokens import Claims
from workbench.runs import artifacts, attempts
from workbench.runs.attempts import Attempt, StaleAttempt, Standing
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
from workbench.worker import report, secrets
from workbench.worker.outcome import Outcome
from workbench.worker.parts import Parts, now
from workbench.worker.report import Facts

WRITE_TRIES = 20
PAUSE_SECONDS = 0.5
MAX_READS = 1000  # of one attempt that the audit keeps: a kernel could say anything, for ever
UNREPORTED = "The notebook ran to this end, but its report could not be kept; run it again."
log = structlog.get_logger(__name__)


class File(NamedTuple):
    """A file that a run leaves."""

    name: str
    media_type: str
    data: bytes


@dataclass(slots=True)
class Live:
    """An attempt that goes on: its beats, metrics, artifacts and end, each fenced."""

    parts: Parts
    keeper: Actor
    attempt: Attempt
    run: Run
    progress: float | None = None
    told: float | None = None  # the progress of the last beat
    reads: int = 0
    metrics: dict[str, MetricMessage] = field(default_factory=dict)
    unkept: dict[str, str] = field(default_factory=dict)  # files that were refused, and why
    ended: Outcome | None = None  # what came of the notebook, also when PostgreSQL is away then
    has_begun: bool = False
    hidden: Collection[str] = ()  # what of its tickets stands in no row and in no file

    async def beat(self) -> None:
        """Say that the attempt is alive; raise StaleAttempt when it is over."""
        async with self.parts.database.session(self.keeper) as session:
            progress, time = self.progress, await attempts.clock(session)
            await attempts.beat(session, self.keeper, self.attempt, time, progress)
        self.told = progress

    async def tell(self, standing: Standing, said: str) -> None:
        """Say how far the attempt is; raise StaleAttempt when it is over."""
        async with self.parts.database.session(self.keeper) as session:
            await attempts.tell(session, self.keeper, self.attempt, standing, said)
        self.told = standing.progress

    async def is_admitted(self) -> bool:
        """Whether who started the run may still act; a next query would be refused otherwise."""
        run = self.run
        claims = Claims(self.attempt.sid, run.requested_by, run.tenant_id)
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
                if self.progress != self.told:  # it may be younger than the last beat
                    await self.beat()
                async with self.parts.database.session(self.keeper) as session:
                    status = await attempts.end(
                        *(session, self.keeper, self.attempt, ended.status, now(), ended.error),
                        cause=ended.cause,
                    )
            except StaleAttempt:
                return
            except DBAPIError:
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                log.info("run_finished", run=str(self.run.id), status=status)
                return

    async def hear(self, message: Any) -> None:
        """Write down what the kernel says; what is no message of ours is left out."""
        try:
            heard = MESSAGE.validate_python(secrets.hide(message, self.hidden))
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
        except WorkbenchError as error:
            log.warning("message_not_kept", run=str(self.run.id), reason=str(error))
            if isinstance(heard, ArtifactMessage):
                self.unkept[heard.name] = str(error)

    async def publish(self, name: str, media_type: str, data: bytes) -> None:
        """Keep a file of the kernel's; raise QuotaExceeded when the tenant has no room for it.

        Nothing of what is not kept stays in storage.
        """
        keeper, parts = self.keeper, self.parts
        async with artifacts.arriving(
            parts.database, parts.storage, keeper, parts.files
        ) as arrival:
            await arrival.receive(writing.blocks(io.BytesIO(data)), expected=len(data))
            async with parts.database.session(keeper) as session:
                replaced = await artifacts.publish(
                    session, keeper, self.attempt, arrival, name=name, media_type=media_type
                )
        await asyncio.to_thread(self._remove, replaced)

    async def keep_notebook(self, executed: NotebookNode, facts: Facts, ended: Outcome) -> Outcome:
        """Keep the executed notebook and the report that people read, also without room.

        Answers how the attempt ended: that its report is lost does not make it fail.
        """
        try:
            metrics = [*self.metrics.values()]
            html = await asyncio.to_thread(
                report.html, executed, facts, ended, metrics, self.unkept
            )
            written = nbformat.writes(executed).encode()
            await self.keep_made(
                File("report.html", "text/html", html.encode()),
                File("notebook.ipynb", "application/x-ipynb+json", written),
            )
        except StaleAttempt:
            log.info("report_not_kept", run=str(self.run.id))
        except Exception:
            log.exception("report_not_kept", run=str(self.run.id))
            return replace(ended, error=ended.error or UNREPORTED)
        return ended

    async def keep_made(self, *files: File) -> None:
        """Keep files that Workbench makes of the attempt, all of them or none."""
        made = [(file, Made(self.parts.storage, self.run.tenant_id)) for file in files]
        replaced: list[str] = []
        try:
            for file, place in made:
                await asyncio.to_thread(self._store, place, file.data)
            async with self.parts.database.session(self.keeper) as session:
                for file, place in made:
                    replaced += await artifacts.keep_made(
                        session,
                        self.keeper,
                        self.attempt,
                        place,
                        name=file.name,
                        media_type=file.media_type,
                    )
        except BaseException:
            for _, place in made:
                await asyncio.shield(asyncio.to_thread(place.remove))
            raise
        await asyncio.to_thread(self._remove, replaced)

    async def _note(self, heard: ReadMessage) -> None:
        if self.reads >= MAX_READS:
            raise TooMany(f"The audit keeps {MAX_READS} reads of an attempt.")
        self.reads += 1
        async with self.parts.database.session(self.keeper) as session:
            await attempts.record_read(session, self.keeper, self.attempt, self.run.notebook, heard)

    def _store(self, made: Made, data: bytes) -> None:
        with made.begin() as file:
            file.write(data)

    def _remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.parts.storage.remove(key)

    async def _publish(self, heard: ArtifactMessage) -> None:
        try:
            data = base64.b64decode(heard.data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Invalid("The published file is not base64.") from error
        if len(data) > MAX_ARTIFACT_BYTES:
            raise TooMany("The published file is too large.")
        if any(secret.encode() in data for secret in self.hidden):
            raise Invalid("The published file holds a secret.")
        await self.publish(heard.name, MEDIA_TYPES[heard.name.rsplit(".", 1)[-1]], data)
