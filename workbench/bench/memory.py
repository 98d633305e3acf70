"""How much memory this process takes at most while something goes on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

PAUSE_SECONDS = 0.02
MEGABYTE = 1024 * 1024


@dataclass(slots=True)
class Peak:
    """The most megabytes beyond what the process took at the beginning, and with that."""

    megabytes: float = 0.0
    whole: float = 0.0


@contextmanager
def watched() -> Iterator[Peak]:
    """Look at the process's memory until the block ends."""
    process, over = psutil.Process(), threading.Event()
    begin = process.memory_info().rss / MEGABYTE
    peak = Peak(whole=begin)

    def look() -> None:
        while not over.wait(PAUSE_SECONDS):
            peak.whole = max(peak.whole, process.memory_info().rss / MEGABYTE)
            peak.megabytes = peak.whole - begin

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()
