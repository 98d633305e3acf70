"""What the kernel of a run may use of its machine, and what holds it to that.

The system refuses a single process more memory, files and processes than its share (rlimits). What
a kernel and its children use together the worker adds up twice a second, and ends the run that
uses more. Nothing here limits the network, nor files that are written outside the run's folder.
"""

import os
import resource
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from pydantic import ByteSize

from workbench.errors import TooMany, WorkbenchError
from workbench.notebooks import Notebook
from workbench.settings import Settings
from workbench.worker import groups

CONFINE = "workbench.worker.confine"
OPEN_FILES = 4096
SPARE = 1536 * 1024**2  # what pandas and Arrow map without ever using it; measured 1.2 GiB
USERS_SHARE = 8  # runs whose processes one system user may have at once, before it is refused more


class TooMuch(TooMany):
    """The notebook uses more of the machine than a run may."""

    code = "kernel_limit"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many bytes of memory, processes, and bytes in its folder a run may have.

    `memory_by` names what says how much memory that is. `groups` are folders of control groups,
    which alone can hold a run to a number of processors.
    """

    memory: int
    processes: int
    disk: int
    memory_by: str = "WORKBENCH_KERNEL_MEMORY"
    processors: float | None = None
    groups: tuple[Path, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """The limits that are set; unless told otherwise, a run may have half of the memory."""
        memory = settings.kernel_memory or psutil.virtual_memory().total // 2
        return cls(
            memory,
            settings.kernel_processes,
            settings.kernel_disk,
            processors=settings.kernel_processors,
            groups=settings.control_groups,
        )

    @property
    def told(self) -> dict[str, str]:
        """What a control group is told; it counts threads as processes."""
        return groups.told(self.memory, self.processes * USERS_SHARE, self.processors)

    def narrowed(self, notebook: Notebook) -> "Limits":
        """The same for a notebook that may declare that it needs less."""
        if notebook.memory_limit is None or notebook.memory_limit >= self.memory:
            return self
        return replace(self, memory=notebook.memory_limit, memory_by="its memory_limit")

    def impose(self, process: int) -> None:
        """Have the system refuse more memory to a process that runs, unless we may not ask that."""
        with suppress(psutil.Error, OSError):
            kernel = psutil.Process(process)
            most = self.memory + SPARE
            _, hard = kernel.rlimit(psutil.RLIMIT_DATA)
            if hard == psutil.RLIM_INFINITY or most < hard:
                kernel.rlimit(psutil.RLIMIT_DATA, (most, most))

    def confined(self, command: Sequence[str], *, is_apart: bool) -> list[str]:
        """The command under limits of the system; `is_apart` when its user is not the worker's."""
        most = {
            resource.RLIMIT_DATA: self.memory + SPARE,
            resource.RLIMIT_FSIZE: self.disk,
            resource.RLIMIT_NOFILE: OPEN_FILES,
            resource.RLIMIT_CORE: 0,
        }
        if is_apart:  # it counts all processes of the user, and nothing for root
            most[resource.RLIMIT_NPROC] = self.processes * USERS_SHARE
        told = ",".join(f"{what}={value}" for what, value in most.items())
        return [command[0], "-I", "-m", CONFINE, told, *command]

    def exceeded(self, processes: Iterable[psutil.Process], folder: Path) -> WorkbenchError | None:
        """Why a run may not go on, with these processes and this folder."""
        alive = list(processes)
        if len(alive) > self.processes:
            said = f"The notebook started more than {self.processes} processes"
            return TooMuch(f"{said} (WORKBENCH_KERNEL_PROCESSES).")
        if sum(map(_held, alive)) > self.memory:
            return self.too_much_memory()
        if _written(folder) > self.disk:
            said = f"The notebook wrote more than {_size(self.disk)} into its folder"
            return TooMuch(f"{said} (WORKBENCH_KERNEL_DISK).")
        return None

    def too_much_memory(self) -> TooMuch:
        """What is said of a run that needs more memory."""
        said = f"The notebook needs more than {_size(self.memory)} of memory"
        return TooMuch(f"{said} ({self.memory_by}).")

    def __str__(self) -> str:
        memory, disk = _size(self.memory), _size(self.disk)
        return f"{memory} of memory, {self.processes} processes, {disk} of files"


def _held(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        memory = process.memory_info()
        return int(memory.rss - memory.shared)
    return 0


def _written(folder: Path) -> int:
    written = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                written += (Path(parent) / name).lstat().st_blocks * 512
    return written


def _size(size: int) -> str:
    return ByteSize(size).human_readable(separator=" ")
