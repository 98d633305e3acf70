"""Counts of requests in the memory of one process, for where there is no Redis."""

import time

from limits.aio.storage import MemoryStorage

SWEEP_SECONDS = 1.0


class Memory(MemoryStorage):
    """The library's counts, swept once a second: it looks at every one of them at each request."""

    def __init__(self) -> None:
        """Count nothing yet."""
        super().__init__(wrap_exceptions=True)
        self._due = 0.0

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count under a key, and forget it some seconds after it was first counted."""
        now = time.time()
        if now >= self._due:
            self._due = now + SWEEP_SECONDS
            self._sweep(now)
        count = await self.get(key) + amount
        self.storage[key] = count
        if count == amount:
            self.expirations[key] = now + expiry
        return count

    def _sweep(self, now: float) -> None:
        for key in [key for key, until in self.expirations.items() if until <= now]:
            self.storage.pop(key, None)
            del self.expirations[key]
