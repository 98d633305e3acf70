"""Kernels: processes of their own, in a scratch folder, with nothing of the worker's environment.

Sockets lie in the scratch folder (transport `ipc`): no port can clash, and no other system user
reaches them.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from workbench.errors import Unavailable
from workbench.runs import tickets
from workbench.runs.tickets import Ticket
from workbench.worker import groups
from workbench.worker.limits import Limits

PREFIX = "workbench-run-"
SWEEPS = 20
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ")
SCALE = "DASK_DISTRIBUTED__COMM__"  # where Dask looks for its certificates, and what it demands


@dataclass(frozen=True, slots=True)
class Place:
    """Where a kernel lives: its scratch folder, its system user or None, its Python, its limits."""

    folder: Path
    user: str | None = None
    python: str = sys.executable
    limits: Limits | None = None

    @property
    def ticket(self) -> Path:
        """Where the kernel's ticket lies."""
        return self.folder / "ticket.json"

    @property
    def flags(self) -> tuple[str, ...]:
        """The options of Python that keep variables and folders out of it."""
        return ("-I",)

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
            user, group = ids(self.user)
            options |= {"user": user, "group": group, "extra_groups": []}
        return options

    def hand(self, ticket: Ticket) -> None:
        """Give the kernel a ticket, in place of any that it has."""
        ticket.write(self.ticket, None if self.user is None else ids(self.user)[0])

    def command(self, *arguments: str) -> list[str]:
        """The command that starts a Python here, under the limits."""
        command = [self.python, *self.flags, *arguments]
        if self.limits is None:
            return command
        return self.limits.confined(command, is_apart=self.user is not None)

    @property
    def groups(self) -> tuple[Path, ...]:
        """The folders in which the kernel has a control group, named as its own folder."""
        return () if self.limits is None else self.limits.groups

    def enter(self, process: int) -> None:
        """Have the control groups of this place hold a process that was started here."""
        if self.limits is not None:
            groups.enter(self.groups, self.folder.name, process, self.limits.told)

    def narrowed(self, limits: Limits) -> "Place":
        """The same place under limits that its kernel is started with."""
        return replace(self, limits=limits)

    def give(self, path: Path) -> None:
        """Give a file or folder to the kernel's system user."""
        if self.user is not None:
            shutil.chown(path, ids(self.user)[0])


class Guest(Place):
    """A place for a kernel of somebody else's JupyterLab, with the environment of that."""

    @property
    def flags(self) -> tuple[str, ...]:
        """Such a kernel sees what Python's variables name, as its own would."""
        return ("-P",)

    def environment(self) -> dict[str, str]:
        """The environment of this process."""
        return dict(os.environ)

    @classmethod
    def settle(cls) -> "Guest":
        """Make a place of this kind."""
        return cls(settle(None).folder)


def ids(user: str) -> tuple[int, int]:
    """The numbers of a system user and its group; a number is both, and need not be known."""
    if user.isdecimal():
        return int(user), int(user)
    known = pwd.getpwnam(user)
    return known.pw_uid, known.pw_gid


def settle(user: str | None, python: str = sys.executable, limits: Limits | None = None) -> Place:
    """Make the folder of a kernel, which nobody but the kernel's system user reads."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    place = Place(folder, user, python, limits)
    place.give(folder)
    return place


def leave(place: Place) -> None:
    """Remove the folder of a kernel, once, and every process that the kernel has left behind."""
    if not place.folder.exists():
        return
    sweep(place)
    groups.leave(place.groups, place.folder.name)
    shutil.rmtree(place.folder, ignore_errors=True)


@contextmanager
def scratch(user: str | None, python: str = sys.executable) -> Iterator[Place]:
    """A place for one run or one JupyterLab, gone afterwards with all processes."""
    place = settle(user, python)
    try:
        yield place
    finally:
        leave(place)


def clear(limits: Limits | None = None) -> None:
    """Remove the folders, with tickets, processes and groups, of workers that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            leave(Place(folder, limits=limits))


def sweep(place: Place) -> None:
    """Kill every process that a kernel of this place has left behind, until none is found."""
    for _ in range(SWEEPS):
        found = residents(place)
        if not found:
            return
        for process in found:
            with suppress(psutil.Error):
                process.kill()


def residents(place: Place) -> list[psutil.Process]:
    """The processes that live in a place, also those in other sessions."""
    mark = str(place.ticket)
    found = []
    grouped = groups.members(place.groups, place.folder.name)
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            is_of_it = process.pid in grouped or process.environ().get(tickets.VARIABLE) == mark
            if is_of_it and process.pid != os.getpid():
                found.append(process)
    return found


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


def check_groups(folders: Iterable[Path]) -> None:
    """Raise Unavailable when no control groups can be made in the folders that are named."""
    try:
        groups.held(folders)
    except OSError as error:
        raise Unavailable(f"WORKBENCH_KERNEL_GROUPS: {error}.") from error


def can_start(user: str, python: str) -> bool:
    """Whether a system user can start this Python and import Workbench; only root can tell."""
    command = [python, "-I", "-c", "import workbench"]
    try:
        uid, _ = ids(user)
        subprocess.run(command, user=uid, cwd="/", check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True
