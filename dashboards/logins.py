"""The log-ins that hold a socket open, and the one task that notices when one ends."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from workbench.access import queries
from workbench.db.session import Database
from workbench.errors import Unauthenticated
from workbench.identity.tokens import Claims

INTERVAL = timedelta(seconds=0.4)


class Logins:
    """Every log-in with open sockets; asking PostgreSQL once for each, however many sockets."""

    def __init__(self, database: Database, interval: timedelta = INTERVAL) -> None:
        """Watch nothing yet; `watched` runs the task."""
        self._database = database
        self._interval = interval.total_seconds()
        self._sockets: Counter[Claims] = Counter()
        self._ended: dict[Claims, asyncio.Event] = {}

    @contextmanager
    def held(self, claims: Claims) -> Iterator[asyncio.Event]:
        """Count a socket in, and hand out the event that is set when the log-in ends."""
        self._sockets[claims] += 1
        try:
            yield self._ended.setdefault(claims, asyncio.Event())
        finally:
            self._sockets[claims] -= 1
            if not self._sockets[claims]:
                del self._sockets[claims], self._ended[claims]

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Run the task that looks after the log-ins."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            for claims, ended in list(self._ended.items()):
                if await self._has_ended(claims):
                    ended.set()

    async def _has_ended(self, claims: Claims) -> bool:
        try:
            await queries.actor_of(self._database, claims)
        except Unauthenticated:
            return True
        except (SQLAlchemyError, OSError):
            # PostgreSQL does not answer: nobody signed out, and no statement gets through either.
            return False
        return False
