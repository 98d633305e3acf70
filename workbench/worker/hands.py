"""Hands: the runs at work in this process, so many at once, whatever becomes of the queue.

A job of the queue only bids to look whose turn it is. Whoever looks executes runs until there are
none that may be taken. That goes on when PostgreSQL restarts and the queue's worker with it: what
is at work has a heartbeat of its own, and begins nothing anew.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from workbench.actor import Actor
from workbench.runs import turns
from workbench.worker.runs import Runner

SYSTEM = Actor.of_system("runs")
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Hands:
    """So many hands for runs of some queues."""

    runner: Runner
    queues: Collection[str]
    most: int
    free: asyncio.Semaphore = field(init=False)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    busy: int = 0

    def __post_init__(self) -> None:
        """Have every hand free."""
        self.free = asyncio.Semaphore(self.most)

    async def look(self) -> None:
        """Have a hand take runs while there are any; what it does outlasts who waits for it."""
        task = asyncio.create_task(self._take())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        await asyncio.shield(task)

    def remind(self) -> None:
        """Have every free hand look, should a bid have been lost; busy ones look by themselves."""
        for _ in range(self.most - len(self.tasks)):
            task = asyncio.create_task(self._take())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def end(self) -> None:
        """Put what is at work back into the queue."""
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self) -> None:
        passed: list[UUID] = []
        async with self.free:
            try:
                while (turn := await self._turn(passed)) is not None:
                    if await self._execute(turn):
                        passed.clear()
                    else:
                        passed.append(turn.run_id)
            except (DBAPIError, PoolTimeout, OSError) as error:
                log.warning("turn_lost", reason=str(error)[:200])

    async def _execute(self, turn: turns.Turn) -> bool:
        self.busy += 1
        try:
            return await self.runner.execute(turn.tenant_id, turn.run_id, turn.slot)
        finally:
            self.busy -= 1

    async def _turn(self, passed: Collection[UUID]) -> turns.Turn | None:
        parts = self.runner.parts
        async with parts.database.session(SYSTEM) as session:
            most = parts.settings.runs_at_once
            return await turns.next_turn(session, self.queues, most, passed)
