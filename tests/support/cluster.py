"""A real Dask cluster on this machine: a scheduler and two workers, each a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

WORKERS = 2
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the scheduler listens, and the processes that work, with what they print."""

    address: str
    pids: set[int]
    folder: Path

    @property
    def said(self) -> str:
        """All that scheduler and workers have written to their logs."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Start a cluster that is gone when the block ends."""
    named = folder / "scheduler.json"
    options = ("--host", "127.0.0.1", "--no-dashboard")
    with ExitStack() as stack:
        stack.enter_context(
            _started(folder, "scheduler", *options, "--port", "0", "--scheduler-file", str(named))
        )
        address = _address(named)
        workers = [
            stack.enter_context(
                _started(folder, "worker", address, *options, "--no-nanny", "--nthreads", "1")
            )
            for _ in range(WORKERS)
        ]
        yield Cluster(address, {worker.pid for worker in workers}, folder)


@contextmanager
def _started(folder: Path, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    number = len([*folder.glob("*.log")])
    environment = {**os.environ, "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False"}
    with (folder / f"{number}.log").open("w") as log:
        command = [sys.executable, "-m", "dask", *arguments]
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def _address(named: Path) -> str:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            return str(json.loads(named.read_text())["address"])
        except (OSError, ValueError):
            time.sleep(0.1)
    message = "the scheduler did not start"
    raise RuntimeError(message)
