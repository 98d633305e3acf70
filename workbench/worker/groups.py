"""Control groups: what Linux holds all processes of a kernel to together, whatever they do.

An administrator makes folders for them, of version 2 or of controllers of version 1, that the
worker may write; in each the worker makes a group for each kernel. It takes no others: whoever
started the worker may count its processes by the groups that they are in.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

PERIOD = 100_000  # microseconds, of which a share of the processors is told
TRIES, PAUSE_SECONDS = 50, 0.02
MEMBERS = "cgroup.procs"
HELD = {
    "memory": ("memory.max", "memory.limit_in_bytes"),
    "processes": ("pids.max",),
    "processors": ("cpu.max", "cpu.cfs_quota_us"),
}
KILLS = ("memory.events", "memory.oom_control")


def enter(groups: Iterable[Path], name: str, pid: int, told: Mapping[str, str]) -> None:
    """Put a process into a group of this name in each folder, and have it held to what is told."""
    for group in _named(groups, name):
        group.mkdir(exist_ok=True)
        limit(groups, name, told)
        (group / MEMBERS).write_text(str(pid))


def limit(groups: Iterable[Path], name: str, told: Mapping[str, str]) -> None:
    """Hold the group of a name to something else."""
    for group in _named(groups, name):
        for file, value in told.items():
            if (group / file).exists():
                (group / file).write_text(value)


def members(groups: Iterable[Path], name: str) -> set[int]:
    """The ids of all processes of a group, also of those that have left their session."""
    found: set[int] = set()
    for group in _named(groups, name):
        with suppress(OSError):
            found |= {int(line) for line in (group / MEMBERS).read_text().split()}
    return found


def leave(groups: Iterable[Path], name: str) -> None:
    """Remove the group of a name, whose processes have been killed and may be on their way out."""
    for group in _named(groups, name):
        for _ in range(TRIES):
            try:
                group.rmdir()
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(PAUSE_SECONDS)


def ran_out(groups: Iterable[Path], name: str) -> bool:
    """Whether Linux has killed a process of the group for want of memory."""
    for group in _named(groups, name):
        for file in KILLS:
            with suppress(OSError):
                words = (group / file).read_text().split()
                if "oom_kill" in words and int(words[words.index("oom_kill") + 1]) > 0:
                    return True
    return False


def held(groups: Iterable[Path]) -> list[str]:
    """What the groups of these folders hold a kernel to; raise OSError where none can be made."""
    found: set[str] = set()
    name = f"workbench-trial-{os.getpid()}"
    for group in _named(groups, name):
        group.mkdir()
        try:
            if not (group / MEMBERS).exists():
                message = f"{group.parent} is no folder of control groups"
                raise OSError(message)
            found |= {what for what, files in HELD.items() for f in files if (group / f).exists()}
        finally:
            group.rmdir()
    return [what for what in HELD if what in found]


def told(memory: int, tasks: int, processors: float | None) -> dict[str, str]:
    """What is written into the files of a group, by their names in either version."""
    values = {"memory.max": str(memory), "memory.limit_in_bytes": str(memory)}
    values["pids.max"] = str(tasks)
    if processors is not None:
        quota = int(processors * PERIOD)
        values |= {"cpu.max": f"{quota} {PERIOD}", "cpu.cfs_quota_us": str(quota)}
    return values


def _named(groups: Iterable[Path], name: str) -> Iterator[Path]:
    return (folder / name for folder in groups)
