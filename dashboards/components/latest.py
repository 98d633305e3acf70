"""Doing the newest only: what is asked for while work goes on is done once, afterwards."""

from collections.abc import Awaitable, Callable


class Latest:
    """Runs one piece of work at a time, and once more when it was asked for meanwhile."""

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        """Name the work; it reads what to do when it begins."""
        self._work = work
        self._is_running = False
        self._is_wanted = False

    async def ask(self, *_events: object) -> None:
        """Ask for the work; any number of requests during one run lead to one more."""
        self._is_wanted = True
        if self._is_running:
            return
        self._is_running = True
        try:
            while self._is_wanted:
                self._is_wanted = False
                await self._work()
        finally:
            self._is_running = False
