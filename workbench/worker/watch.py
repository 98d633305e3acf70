"""The watch over an execution: beats, cancellation, and the run's limit."""

import asyncio
import signal
from concurrent.futures import Executor
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import nbformat
import structlog
from nbformat import NotebookNode
from sqlalchemy.exc import DBAPIError

from workbench.notebooks import Notebook
from workbench.runs.attempts import StaleAttempt
from workbench.runs.schemas import Status
from workbench.worker import outcome
from workbench.worker.engine import Execution
from workbench.worker.kernel import Place
from workbench.worker.live import Live
from workbench.worker.outcome import Outcome
from workbench.worker.parts import now
from workbench.worker.patience import patiently
from workbench.worker.progress import Progress

POLL_SECONDS = 0.5
LEAST_SECONDS = 0.1  # between two looks, however often somebody calls
GUARD_SECONDS = 0.5
KILL_AFTER = timedelta(seconds=0.5)  # from the interrupt
NO_ACCESS = "The access of who started this run has ended."
log = structlog.get_logger(__name__)


class Watched:
    """An execution and its watch: beats, cancellation, the run's limit."""

    def __init__(
        self,
        live: Live,
        place: Place,
        notebook: Notebook,
        *,
        pool: Executor,
        call: asyncio.Event,
    ) -> None:
        """Prepare the execution of a notebook in a place; `call` bids to look at once."""
        self._loop = asyncio.get_running_loop()
        self._messages: asyncio.Queue[Any] = asyncio.Queue()
        self._live = live
        self._contract = notebook
        self._pool = pool
        self._call = call
        self._progress = Progress(lambda: live.hidden)
        self._execution = Execution(place, notebook, self._deliver, self._progress)

    @property
    def notebook(self) -> NotebookNode | None:
        """The notebook as far as it was executed."""
        return self._execution.notebook

    async def run(self, parameters: dict[str, Any], deadline: datetime) -> Outcome | None:
        """Execute until the end or the deadline; None when the attempt is over (cancelled)."""
        source = nbformat.read(self._contract.path, as_version=4)
        execute = partial(self._execution.run, source, parameters)
        work = self._loop.run_in_executor(self._pool, execute)
        ears = asyncio.create_task(self._listen())
        guard = asyncio.create_task(self._guard())
        telling = asyncio.create_task(self._progress.written(self._live.tell))
        try:
            verdict = await self._watch(work, deadline)
        except asyncio.CancelledError:
            await self._end(work)
            raise
        finally:
            guard.cancel()
            self._messages.put_nowait(None)
            await ears
            self._progress.close()
            await telling
        if self._execution.is_stopped:
            return verdict
        return outcome.of(self._execution, work.exception())

    async def end(self) -> None:
        """Kill the kernel and remove its place."""
        await asyncio.to_thread(self._execution.end)

    async def _watch(self, work: asyncio.Future[None], deadline: datetime) -> Outcome | None:
        while not work.done():
            await self._until_called(work)
            if _has_succeeded(work):  # what ends it now is fenced like a beat
                return None
            try:
                await self._live.beat()
                if not await self._live.is_admitted():
                    await self._end(work)
                    return Outcome(Status.FAILED, NO_ACCESS)
            except StaleAttempt:
                await self._end(work)
                return None
            except DBAPIError:
                log.warning("beat_failed", run=str(self._live.run.id))
            if now() > deadline and not work.done():
                await self._end(work)
                seconds = self._contract.limit_seconds
                said = f"The run took longer than {seconds} seconds (its limit_seconds)."
                return Outcome(Status.TIMED_OUT, said)
        return None

    async def _until_called(self, work: asyncio.Future[None]) -> None:
        """Wait for the end, for a call to look, or for a while."""
        await asyncio.wait([work], timeout=LEAST_SECONDS)
        called = asyncio.ensure_future(self._call.wait())
        rest = POLL_SECONDS - LEAST_SECONDS
        both: set[asyncio.Future[Any]] = {work, called}
        await asyncio.wait(both, timeout=rest, return_when=asyncio.FIRST_COMPLETED)
        called.cancel()
        self._call.clear()

    async def _end(self, work: asyncio.Future[None]) -> None:
        """Interrupt the kernel, kill it when that does not help, and wait for the thread."""
        kill_at = now() + KILL_AFTER
        self._execution.stop(signal.SIGINT)
        while not work.done():
            await asyncio.wait([work], timeout=POLL_SECONDS / 5)
            if now() > kill_at:
                self._execution.stop(signal.SIGKILL)
        work.exception()

    async def _guard(self) -> None:
        """Break the execution off when its kernel uses more than it may."""
        while True:
            await asyncio.sleep(GUARD_SECONDS)
            reason = await asyncio.to_thread(self._execution.excess)
            if reason is not None:
                self._execution.break_off(reason)

    async def _listen(self) -> None:
        while (message := await self._messages.get()) is not None:
            try:
                await patiently(partial(self._live.hear, message))
                self._progress.reach(self._live.progress)
            except Exception:
                log.exception("message_lost", run=str(self._live.run.id))

    def _deliver(self, message: Any) -> None:
        self._loop.call_soon_threadsafe(self._messages.put_nowait, message)


def _has_succeeded(work: asyncio.Future[None]) -> bool:
    return work.done() and work.exception() is None
