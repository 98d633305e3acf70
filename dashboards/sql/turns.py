"""One statement at a time, in a task of its own, so that it can be cancelled meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from dashboards.sql.state import State
from workbench.db.ids import new_id
from workbench.errors import NotFound

Work = Callable[[UUID], Awaitable[None]]


class Turns:
    """Gives each statement an id, and knows which runs."""

    def __init__(self, state: State, cancel: Callable[[UUID], Awaitable[None]]) -> None:
        """`cancel` ends a statement by its id."""
        self._state = state
        self._end = cancel
        self._task: asyncio.Task[None] | None = None

    def begin(self, work: Work) -> bool:
        """Begin the work of a statement; False while another is under way."""
        if self._state.running is not None:
            return False
        self._state.running = new_id()
        self._task = asyncio.create_task(self._run(work, self._state.running))
        return True

    async def cancel(self) -> None:
        """End the statement that runs; one that still waits for its turn is given up."""
        running, task = self._state.running, self._task
        if running is None or task is None:
            return
        try:
            await self._end(running)
        except NotFound:
            task.cancel()

    def leave(self) -> None:
        """End the statement of a visitor who is gone: nobody waits for its answer."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self, work: Work, statement: UUID) -> None:
        try:
            await work(statement)
        finally:
            self._state.running = None
