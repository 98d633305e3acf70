"""Processes that `workbench up` keeps running beside its own."""

import os
import subprocess
import sys
import threading
from types import TracebackType
from typing import Self

from workbench.cli import console
from workbench.settings import Settings

STOP_SECONDS = 15
PAUSE_SECONDS = 2.0  # before a process that ended is started again


class Child:
    """A `workbench` command in a process of its own, started again whenever it ends."""

    def __init__(self, name: str, *command: str, settings: Settings, **environment: str) -> None:
        """Name the child for people, and the command that it runs."""
        self._name = name
        self._arguments = [sys.executable, "-m", "workbench", *command]
        self._environment = os.environ | {
            "WORKBENCH_LOG": settings.log,
            "WORKBENCH_HOME": str(settings.prepared_home()),
            "WORKBENCH_PORT": str(settings.port),
            **environment,
        }
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Start the child."""
        self._keeper = threading.Thread(target=self._keep, args=[self._start()], daemon=True)
        self._keeper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ask the child to end, and end it when it does not."""
        self._stopping.set()
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        if self._keeper is not None:
            self._keeper.join()

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(self._arguments, env=self._environment)
        if self._stopping.is_set():
            self._process.terminate()
        return self._process

    def _keep(self, process: subprocess.Popen[bytes]) -> None:
        while True:
            code = process.wait()
            if self._stopping.wait(PAUSE_SECONDS):
                return
            console.err.print(f"The {self._name} ended with code {code}; it starts again.")
            process = self._start()
