"""One statement at a time, in a task of its own, so that it can be cancelled meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from workbench.db.ids import new_id
from workbench.errors import NotFound

Work = Callable[[UUID], Awaitable[None]]


class Turns:
    """Gives each statement an id, and knows which runs."""

    def __init__(
        self,
        cancel: Callable[[UUID], Awaitable[None]],
        on_turn: Callable[[bool], None] = lambda _is_running: None,
    ) -> None:
        """`cancel` ends a statement by its id; `on_turn` hears that one begins or has ended."""
        self._cancel, self._on_turn = cancel, on_turn
        self._statement: UUID | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether a statement is under way."""
        return self._statement is not None

    def begin(self, work: Work, statement: UUID | None = None) -> bool:
        """Begin the work of a statement; False while another is under way.

        One that runs already, since another page began it, brings its id.
        """
        if self._statement is not None:
            return False
        self._statement = statement or new_id()
        self._task = asyncio.create_task(self._run(work, self._statement))
        return True

    async def cancel(self) -> None:
        """End the statement that runs; one that still waits for its turn is given up."""
        statement, task = self._statement, self._task
        if statement is None or task is None:
            return
        try:
            await self._cancel(statement)
        except NotFound:
            task.cancel()

    def leave(self) -> None:
        """End the statement of a visitor who is gone: nobody waits for its answer."""
        if self._task is not None:
            self._task.cancel()

    async def ended(self) -> None:
        """Wait until nothing is under way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self, work: Work, statement: UUID) -> None:
        self._on_turn(True)  # noqa: FBT003 (whether one runs)
        try:
            await work(statement)
        finally:
            self._statement = None
            self._on_turn(False)  # noqa: FBT003 (as above)
