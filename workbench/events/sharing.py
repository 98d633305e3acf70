"""What many ask for at the same moment is looked up once, and each of them gets the answer."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from typing import Any

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.identity.tokens import Claims

WINDOW_SECONDS = 0.005


class Shared:
    """Looks under way, by what they answer; nobody joins one that has begun."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._soon: dict[Hashable, asyncio.Task[Any]] = {}

    async def get(self, key: Hashable, look: Callable[[], Awaitable[Any]]) -> Any:
        """The answer to a key, from a look that begins after this call; raise what it raises."""
        task = self._soon.get(key)
        if task is None:
            task = self._soon[key] = asyncio.create_task(self._look(key, look))
        try:
            return await asyncio.shield(task)
        finally:
            with suppress(asyncio.InvalidStateError, asyncio.CancelledError):
                task.exception()  # it was heard, also when nobody waits any more

    async def _look(self, key: Hashable, look: Callable[[], Awaitable[Any]]) -> Any:
        await asyncio.sleep(WINDOW_SECONDS)
        del self._soon[key]
        return await look()


class Actors:
    """Who the listeners of this process are now."""

    def __init__(self, database: Database, shared: Shared) -> None:
        """Ask nobody yet."""
        self._database = database
        self._shared = shared
        self._asked: set[Claims] = set()

    async def of(self, claims: Claims) -> Actor:
        """Who a log-in is now; raise SignedOut when it or the membership has ended."""
        self._asked.add(claims)
        found: dict[Claims, Actor] = await self._shared.get(Actors, self._look)
        if claims not in found:
            raise access.SignedOut
        return found[claims]

    async def _look(self) -> dict[Claims, Actor]:
        asked, self._asked = self._asked, set()
        return await access.actors_of(self._database, asked)
