"""Warm kernels: started ahead with their imports done, handed out once, replaced by new ones.

Each lives in a place of its own from its start, so nothing of one run is there in the next.
"""

import os
import secrets
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import psutil
from jupyter_client.connect import write_connection_file
from jupyter_client.launcher import launch_kernel

from workbench.worker import groups, kernel
from workbench.worker.kernel import Place
from workbench.worker.limits import Limits

MODULE = "workbench.lab.warm"
MOST_SECONDS = 3600.0  # after which a kernel is too old: what it has imported may have changed
REFILL_SECONDS = 1.0  # after one was taken: most runs have ended by then, and had the processor
UNFIT = {psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP, psutil.STATUS_ZOMBIE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Warm(Place):
    """A place whose kernel waits: its process, its sockets, and when it was started."""

    process: "subprocess.Popen[bytes]"
    info: dict[str, Any]
    since: float

    @property
    def is_fit(self) -> bool:
        """Whether it may be handed out: it lives, hears, and has not become stale."""
        if self.process.poll() is not None or time.monotonic() - self.since > MOST_SECONDS:
            return False
        with suppress(psutil.Error):
            return psutil.Process(self.process.pid).status() not in UNFIT
        return False

    def narrowed(self, limits: Limits) -> "Warm":
        """The same place under limits that its kernel is held to from now on."""
        limits.impose(self.process.pid)
        groups.limit(limits.groups, self.folder.name, limits.told)
        return replace(self, limits=limits)

    def discard(self) -> None:
        """End it with its process group, unless it has ended, and remove its place."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        kernel.leave(self)


def start(place: Place) -> Warm:
    """Start a kernel in a place."""
    path = place.folder / "kernel.json"
    key = secrets.token_hex(16).encode()
    _, info = write_connection_file(
        str(path), transport="ipc", ip=str(place.folder / "kernel-ipc"), key=key
    )
    place.give(path)
    process = launch_kernel(place.command("-m", MODULE, "-f", str(path)), **place.options())
    place.enter(process.pid)
    if process.stdin is not None:
        process.stdin.close()  # a notebook is asked nothing
    kept = (place.folder, place.user, place.python, place.limits)
    return Warm(*kept, process=process, info={**info, "key": key}, since=time.monotonic())


class Kernels:
    """Places for kernels: with a warm kernel while there is one, else empty."""

    def __init__(self, settle: Callable[[], Place], size: int) -> None:
        """Keep so many warm kernels, each in a place that `settle` makes; none until `fill`."""
        self._settle = settle
        self.size = size
        self._waiting: deque[Warm] = deque()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._is_closed = False

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A place for one run, gone afterwards with all of its processes."""
        place = self.take() or self._settle()
        try:
            yield place
        finally:
            if isinstance(place, Warm):  # nobody may have come to use it
                place.discard()
            kernel.leave(place)
            self._fill_after(0)

    def take(self) -> Warm | None:
        """Hand out a place with a warm kernel that is fit, and have it replaced; None without."""
        taken = None
        with self._lock:
            while self._waiting and taken is None:
                if (first := self._waiting.popleft()).is_fit:
                    taken = first
                else:
                    first.discard()
        self._fill_after(REFILL_SECONDS)
        return taken

    def fill(self) -> None:
        """Start what is missing, and replace what has died or become stale."""
        with self._lock:
            for unfit in [each for each in self._waiting if not each.is_fit]:
                self._waiting.remove(unfit)
                unfit.discard()
            while not self._is_closed and len(self._waiting) < self.size:
                self._waiting.append(start(self._settle()))

    def close(self) -> None:
        """End every kernel that waits."""
        with self._lock:
            self._is_closed = True
            if self._timer is not None:
                self._timer.cancel()
            left, self._waiting = self._waiting, deque()
        for place in left:
            place.discard()

    @property
    def waiting(self) -> tuple[Warm, ...]:
        """The places whose kernels wait."""
        with self._lock:
            return tuple(self._waiting)

    def _fill_after(self, seconds: float) -> None:
        """Have a thread fill up after a while, in place of any that would do so later."""
        with self._lock:
            if self._is_closed or len(self._waiting) >= self.size:
                return
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(seconds, self.fill)
            self._timer.daemon = True
            self._timer.start()
