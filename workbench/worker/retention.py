"""What was deleted long ago is removed for good, tenant by tenant, in small transactions."""

from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError

from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.db.session import Database
from workbench.permissions import Permission
from workbench.tenants import queries as tenants

SYSTEM = Actor.of_system("retention", Permission.PLATFORM_READ)
log = structlog.get_logger(__name__)


async def purge(database: Database, before: datetime) -> int:
    """Remove every tenant's rows that were deleted before a time; answer how many went."""
    async with database.session(SYSTEM) as session:
        everybody = (await session.scalars(tenants.tenants(SYSTEM))).all()
    removed = 0
    for tenant in everybody:
        actor = Actor.of_system("retention", *commands.PURGER, tenant_id=tenant.id)
        try:
            removed += await _purge(database, actor, before)
        except DBAPIError as error:  # this tenant alone is in trouble, or busy: later, then
            reason = str(error.orig).partition("\n")[0]
            log.warning("rows_not_purged", tenant=str(tenant.id), reason=reason)
    return removed


async def _purge(database: Database, actor: Actor, before: datetime) -> int:
    async with database.session(actor) as session:
        datasets = (await session.scalars(queries.datasets(actor))).all()
    removed = 0
    for dataset in datasets:
        count = commands.BATCH
        while count == commands.BATCH:
            async with database.session(actor) as session:
                count = await commands.purge_rows(session, actor, dataset, before=before)
            removed += count
    return removed
