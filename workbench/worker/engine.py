"""The engine: papermill executes a notebook in a kernel of ours, and we listen to what it says."""

import signal
from collections.abc import Callable
from typing import Any

from jupyter_core.utils import ensure_event_loop
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.execute import execute_notebook

from workbench.runs.schemas import MIME
from workbench.worker.kernel import KernelManager, Place

NAME = "workbench"
START_SECONDS = 60
Deliver = Callable[[Any], None]


class Execution:
    """One notebook on its way through a kernel; `stop` and `strike` may come from any thread."""

    def __init__(self, place: Place, cell_limit: int, deliver: Deliver) -> None:
        """Prepare an execution; `deliver` gets each message of the notebook as it arrives."""
        self.place = place
        self.cell_limit = cell_limit
        self.deliver = deliver
        self.notebook: NotebookNode | None = None
        self.executed: set[int] = set()
        self.is_stopped = False
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
        self._manager = KernelManager(self.place)
        return self._manager

    def stop(self, signum: signal.Signals) -> None:
        """Send a signal to the kernel, and let no further cell begin."""
        self.is_stopped = True
        if self._manager is not None:
            self._manager.strike(signum)

    @property
    def is_complete(self) -> bool:
        """Whether every cell with code was executed without an error."""
        if self.notebook is None:
            return False
        return self.executed >= {
            index
            for index, cell in enumerate(self.notebook.cells)
            if cell.cell_type == "code" and cell.source.strip()
        }


class Stopped(Exception):
    """The execution was told to stop."""


class Client(PapermillNotebookClient):  # type: ignore[misc]
    """Executes the cells and takes our messages out of the stream of outputs."""

    def __init__(self, nb_man: Any, execution: Execution, **options: Any) -> None:
        super().__init__(nb_man, **options)
        self.execution = execution
        self.on_cell_start = self._refuse_stopped
        self.on_cell_executed = self._note

    def create_kernel_manager(self) -> KernelManager:
        """Make a kernel manager of ours."""
        self.km = self.execution.manager()
        return self.km

    def process_message(self, msg: dict[str, Any], *rest: Any) -> NotebookNode | None:
        """Deliver a message of ours, and treat all others as outputs."""
        if msg["msg_type"] == "display_data" and MIME in msg["content"]["data"]:
            self.execution.deliver(msg["content"]["data"][MIME])
            return None
        output: NotebookNode | None = super().process_message(msg, *rest)
        return output

    def _refuse_stopped(self, **_: Any) -> None:
        if self.execution.is_stopped:
            raise Stopped

    def _note(self, *, cell_index: int, execute_reply: dict[str, Any], **_: Any) -> None:
        if execute_reply["content"]["status"] == "ok":
            self.execution.executed.add(cell_index)


class WorkbenchEngine(Engine):  # type: ignore[misc]
    """papermill's extension point, filled with the client above."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, execution: Execution, **options: Any
    ) -> None:
        """Execute the notebook of `nb_man` in the execution's place."""
        execution.notebook = nb_man.nb
        client = Client(
            nb_man,
            execution,
            kernel_name=kernel_name,
            timeout=execution.cell_limit,
            startup_timeout=options["start_timeout"],
        )
        client.execute(**execution.place.options())


papermill_engines.register(NAME, WorkbenchEngine)
