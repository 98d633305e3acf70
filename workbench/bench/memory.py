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
    """The most megabytes beyond what the process took at the beginning."""

    megabytes: float = 0.0


@contextmanager
def watched() -> Iterator[Peak]:
    """Look at the process's memory until the block ends."""
    process, peak, over = psutil.Process(), Peak(), threading.Event()
    begin = process.memory_info().rss

    def look() -> None:
        while not over.wait(PAUSE_SECONDS):
            grown = (process.memory_info().rss - begin) / MEGABYTE
            peak.megabytes = max(peak.megabytes, grown)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()
