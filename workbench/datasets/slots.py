"""How much of one kind of work a tenant may have at once in one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID
from weakref import WeakValueDictionary

from workbench.errors import TooMany

PATIENCE = timedelta(seconds=5)


class Slots:
    """So many slots for each tenant; who finds none free waits a little, and is refused then."""

    def __init__(self, most: int, busy: str) -> None:
        """`busy` is what one reads who finds no slot."""
        self._most, self._busy = most, busy
        self._tenants: WeakValueDictionary[UUID, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def one(self, tenant_id: UUID) -> AsyncIterator[None]:
        """Hold one of the tenant's slots; raise TooMany when none gets free in time."""
        slots = self._tenants.setdefault(tenant_id, asyncio.Semaphore(self._most))
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await slots.acquire()
        except TimeoutError:
            raise TooMany(self._busy) from None
        try:
            yield
        finally:
            slots.release()
