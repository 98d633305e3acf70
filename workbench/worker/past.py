"""Runs that were deleted long ago are removed for good with their files, tenant by tenant."""

import asyncio
from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError

from workbench.actor import Actor
from workbench.db.session import Database
from workbench.permissions import Permission
from workbench.runs import trash
from workbench.storage import Storage
from workbench.tenants import queries as tenants

SYSTEM = Actor.of_system("retention", Permission.PLATFORM_READ)
log = structlog.get_logger(__name__)


async def purge(database: Database, storage: Storage, before: datetime) -> int:
    """Remove every tenant's runs that were deleted before a time; answer how many went."""
    async with database.session(SYSTEM) as session:
        everybody = (await session.scalars(tenants.tenants(SYSTEM))).all()
    removed = 0
    for tenant in everybody:
        actor = Actor.of_system("retention", *trash.PURGER, tenant_id=tenant.id)
        try:
            removed += await _purge(database, storage, actor, before)
        except DBAPIError as error:  # this tenant alone is in trouble, or busy: later, then
            reason = str(error.orig).partition("\n")[0]
            log.warning("runs_not_purged", tenant=str(tenant.id), reason=reason)
    return removed


async def _purge(database: Database, storage: Storage, actor: Actor, before: datetime) -> int:
    removed, count = 0, trash.BATCH
    while count == trash.BATCH:
        async with database.session(actor) as session:
            count, keys = await trash.purge(session, actor, before=before)
        for key in keys:  # after the commit; what an accident leaves, the sweep finds
            await asyncio.to_thread(storage.remove, key)
        removed += count
    return removed
