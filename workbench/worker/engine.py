"""The engine: papermill executes a notebook in a kernel of ours, and we listen to what it says."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from queue import Empty
from time import monotonic
from typing import Any

from jupyter_core.utils import ensure_event_loop, run_sync
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.execute import execute_notebook

from workbench.errors import WorkbenchError
from workbench.notebooks import Notebook
from workbench.runs.schemas import MIME
from workbench.worker import kernel, marks
from workbench.worker.kernel import Place
from workbench.worker.marks import Mark
from workbench.worker.outputs import Endless, Meter
from workbench.worker.progress import Progress
from workbench.worker.provisioner import KernelManager

NAME = "workbench"
START_SECONDS = 60
ANSWER_SECONDS = 0.05
ALIVE_SECONDS = 0.05
Deliver = Callable[[Any], None]


class Stopped(Exception):
    """The execution was told to stop."""


class Execution:
    """One notebook on its way through a kernel; `stop` and `strike` may come from any thread."""

    def __init__(
        self, place: Place, contract: Notebook, deliver: Deliver, progress: Progress
    ) -> None:
        """Prepare an execution; `deliver` gets each message of the notebook as it arrives."""
        self.place = place
        self.contract = contract
        self.deliver = deliver
        self.progress = progress
        self.notebook: NotebookNode | None = None
        self.is_stopped = False
        self.has_begun = False
        self.broke: WorkbenchError | None = None
        self._manager: KernelManager | None = None

    def run(self, notebook: NotebookNode, parameters: dict[str, Any]) -> None:
        """Execute the notebook; blocks, and raises what papermill raises."""
        try:
            execute_notebook(
                notebook,
                None,
                parameters,
                engine_name=NAME,
                progress_bar=False,
                start_timeout=START_SECONDS,
                execution=self,
            )
        finally:
            # nbclient opens a loop for each thread and closes none.
            ensure_event_loop().close()

    def manager(self) -> KernelManager:
        """Make the manager of the execution's kernel."""
        if self.is_stopped:
            raise Stopped
        self._manager = KernelManager(self.place)
        return self._manager

    def stop(self, signum: signal.Signals) -> None:
        """Send a signal to the kernel, and let no further cell begin."""
        self.is_stopped = True
        if self._manager is not None:
            self._manager.strike(signum)

    def break_off(self, reason: WorkbenchError) -> None:
        """Kill the kernel, since the notebook does what it may not; the first reason counts."""
        self.broke = self.broke or reason
        if self._manager is not None:
            self._manager.strike(signal.SIGKILL)

    def excess(self) -> WorkbenchError | None:
        """What the kernel uses more of than it may, if anything."""
        if self.place.limits is None:
            return None
        return self.place.limits.exceeded(kernel.residents(self.place), self.place.folder)

    def end(self) -> None:
        """Kill the kernel, which was used once, and all that it has left in its place."""
        if self._manager is not None:
            self._manager.kill()
        kernel.leave(self.place)

    @property
    def is_complete(self) -> bool:
        """Whether every cell with code was executed without an error."""
        if self.notebook is None:
            return False
        return all(mark == Mark.EXECUTED for mark in marks.of(self.notebook))


class Client(PapermillNotebookClient):  # type: ignore[misc]
    """Executes the cells and takes our messages out of the stream of outputs.

    Each cell with code bears in its metadata what came of it, as it happens: papermill's own marks
    call every cell completed once a kernel has died.
    """

    km: Any
    kc: Any

    def __init__(self, nb_man: Any, execution: Execution, **options: Any) -> None:
        super().__init__(nb_man, **options)
        self.execution = execution
        self.meter = Meter(execution.contract.output_limit)
        self.on_cell_start = self._refuse_stopped
        self.on_cell_execute = self._begin
        self.on_cell_executed = self._note

    def create_kernel_manager(self) -> KernelManager:
        """Make a kernel manager of ours."""
        self.km = made = self.execution.manager()
        return made

    async def async_start_new_kernel_client(self) -> Any:
        """Connect to the kernel; ready is when it answers, not when it has been silent a while."""
        self.kc = self.km.client()
        self.kc.start_channels()
        self.kc.allow_stdin = False
        try:
            await self._hear_kernel()
        except BaseException:
            await self._async_cleanup_kernel()
            raise
        return self.kc

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    async def _async_cleanup_kernel(self) -> None:
        """Let go of the kernel, which `Execution.end` kills while the report is written."""
        if self.kc is not None:
            self.kc.stop_channels()
        await self.km.cleanup_resources()
        self.kc = self.km = None

    _cleanup_kernel = run_sync(_async_cleanup_kernel)

    async def _hear_kernel(self) -> None:
        until = monotonic() + self.startup_timeout
        while monotonic() < until:
            self.kc.kernel_info()
            with suppress(Empty):
                await self.kc.get_shell_msg(timeout=ANSWER_SECONDS)
                # Whatever arrives here shows that outputs arrive.
                await self.kc.get_iopub_msg(timeout=ANSWER_SECONDS)
                return
            await self._async_check_alive()
        raise DeadKernelError("The kernel does not answer.")

    async def _async_poll_kernel_alive(self) -> None:
        """Notice a kernel's death at once, instead of once a second."""
        while await self.kc.is_alive():  # noqa: ASYNC110 (nothing tells of a process's end)
            await asyncio.sleep(ALIVE_SECONDS)
        self.task_poll_for_reply.cancel()

    def process_message(self, msg: dict[str, Any], *rest: Any) -> NotebookNode | None:
        """Deliver a message of ours, and treat all others as outputs."""
        if msg["msg_type"] == "display_data" and MIME in msg["content"]["data"]:
            self.execution.deliver(msg["content"]["data"][MIME])
            return None
        try:
            if not self.meter.admits(msg, *rest):
                return None
        except Endless as error:
            self.execution.break_off(error)
            return None
        if msg["msg_type"] == "stream":
            self.execution.progress.say(msg["content"]["text"])
        output: NotebookNode | None = super().process_message(msg, *rest)
        return output

    def _refuse_stopped(self, **_: Any) -> None:
        if self.execution.is_stopped:
            raise Stopped
        self.execution.has_begun = True

    def _begin(self, *, cell: NotebookNode, cell_index: int, **_: Any) -> None:
        marks.mark(cell, Mark.FAILED)  # until it is known better
        self.execution.progress.cell(self.nb, cell_index)

    def _note(self, *, cell: NotebookNode, execute_reply: dict[str, Any], **_: Any) -> None:
        if execute_reply["content"]["status"] == "ok":
            marks.mark(cell, Mark.EXECUTED)
            self.execution.progress.done(self.nb)


class WorkbenchEngine(Engine):  # type: ignore[misc]
    """papermill's extension point, filled with the client above."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, execution: Execution, **options: Any
    ) -> None:
        """Execute the notebook of `nb_man` in the execution's place."""
        execution.notebook = marks.unrun(nb_man.nb)
        client = Client(
            nb_man,
            execution,
            kernel_name=kernel_name,
            timeout=execution.contract.cell_limit_seconds,
            startup_timeout=options["start_timeout"],
        )
        client.execute(**execution.place.options())


papermill_engines.register(NAME, WorkbenchEngine)
