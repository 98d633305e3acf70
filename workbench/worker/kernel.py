"""Kernels: processes of their own, in a scratch folder, with nothing of the worker's environment.

Sockets lie in the scratch folder (transport `ipc`): no port can clash, and no other system user
reaches them.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from workbench.errors import Unavailable
from workbench.runs import tickets

PREFIX = "workbench-run-"
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ")
SCALE = "DASK_DISTRIBUTED__COMM__"  # where Dask looks for its certificates, and what it demands


@dataclass(frozen=True, slots=True)
class Place:
    """Where a kernel lives: its scratch folder, its system user or None, its Python."""

    folder: Path
    user: str | None = None
    python: str = sys.executable

    @property
    def ticket(self) -> Path:
        """Where the kernel's ticket lies."""
        return self.folder / "ticket.json"

    def environment(self) -> dict[str, str]:
        """All that the kernel's environment holds."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in PASSED_ON or name.startswith(SCALE)
        }
        folder = str(self.folder)
        return kept | {
            "HOME": folder,
            "TMPDIR": folder,
            "IPYTHONDIR": folder,
            "MPLCONFIGDIR": folder,
            tickets.VARIABLE: str(self.ticket),
        }

    def options(self) -> dict[str, Any]:
        """How the kernel's process is started."""
        # What bypasses Python's own streams is nobody's output; it shall not reach the log.
        options: dict[str, Any] = {
            "cwd": str(self.folder),
            "env": self.environment(),
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
        }
        if self.user is not None:
            group = pwd.getpwnam(self.user).pw_gid
            options |= {"user": self.user, "group": group, "extra_groups": []}
        return options

    def give(self, path: Path) -> None:
        """Give a file or folder to the kernel's system user."""
        if self.user is not None:
            shutil.chown(path, self.user)


@contextmanager
def scratch(user: str | None, python: str = sys.executable) -> Iterator[Place]:
    """A folder for one run, readable by its kernel alone, gone afterwards with all processes."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    place = Place(folder, user, python)
    place.give(folder)
    try:
        yield place
    finally:
        sweep(place)
        shutil.rmtree(folder, ignore_errors=True)


def clear() -> None:
    """Remove the folders, with their tickets, of workers that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def sweep(place: Place) -> None:
    """Kill every process that a kernel of this place has left behind, also in other sessions."""
    mark = str(place.ticket)
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(tickets.VARIABLE) == mark and process.pid != os.getpid():
                process.kill()


def check_user(user: str | None, python: str) -> None:
    """Raise Unavailable when kernels cannot be started as the system user."""
    if user is None:
        return
    if os.geteuid() != 0:
        raise Unavailable("WORKBENCH_KERNEL_USER works only when the worker runs as root.")
    try:
        pwd.getpwnam(user)
    except KeyError as error:
        raise Unavailable(f"There is no system user {user} (WORKBENCH_KERNEL_USER).") from error
    if not can_start(user, python):
        raise Unavailable(
            f"The system user {user} cannot start {python}; "
            "install Workbench where WORKBENCH_KERNEL_USER can read it."
        )


def can_start(user: str, python: str) -> bool:
    """Whether a system user can start this Python and import Workbench; only root can tell."""
    command = [python, "-I", "-c", "import workbench"]
    try:
        subprocess.run(command, user=user, cwd="/", check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


class KernelManager(AsyncKernelManager):
    """Starts and ends the kernel of one place."""

    def __init__(self, place: Place) -> None:
        connection = str(place.folder / "kernel.json")
        super().__init__(transport="ipc", connection_file=connection)
        self.place = place

    @property
    def kernel_spec(self) -> KernelSpec:
        """The command that starts the kernel, isolated from variables and folders of Python."""
        arguments = ["-I", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=[self.place.python, *arguments], language="python")

    def write_connection_file(self, **options: Any) -> None:
        """Write the file that tells the kernel its sockets, for its eyes only."""
        super().write_connection_file(**options)
        self.place.give(Path(self.connection_file))

    @property
    def process(self) -> "subprocess.Popen[bytes] | None":
        """The kernel's process, once it is started."""
        return getattr(self.provisioner, "process", None)

    def strike(self, signum: signal.Signals) -> None:
        """Send a signal to the kernel's process group and to all its descendants."""
        process = self.process
        if process is None or process.poll() is not None:
            return
        with suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.send_signal(signum)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signum)
