"""Runs that were deleted long ago are removed for good with their files, tenant by tenant."""

import asyncio
from datetime import datetime
from uuid import UUID

from workbench.actor import Actor
from workbench.db.session import Database
from workbench.runs import trash
from workbench.storage import Storage
from workbench.worker.tenantwise import everywhere


async def purge(database: Database, storage: Storage, before: datetime) -> int:
    """Remove every tenant's runs that were deleted before a time; answer how many went."""

    async def of(tenant_id: UUID) -> int:
        actor = Actor.of_system("retention", *trash.PURGER, tenant_id=tenant_id)
        return await _purge(database, storage, actor, before)

    return await everywhere(database, "runs", of)


async def _purge(database: Database, storage: Storage, actor: Actor, before: datetime) -> int:
    removed, count = 0, trash.BATCH
    while count == trash.BATCH:
        async with database.session(actor) as session:
            count, keys = await trash.purge(session, actor, before=before)
        for key in keys:  # after the commit; what an accident leaves, the sweep finds
            await asyncio.to_thread(storage.remove, key)
        removed += count
    return removed
