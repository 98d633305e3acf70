"""What was deleted long ago is removed for good, tenant by tenant, in small transactions."""

from datetime import datetime
from uuid import UUID

from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.db.session import Database
from workbench.worker.tenantwise import everywhere


async def purge(database: Database, before: datetime) -> int:
    """Remove every tenant's rows that were deleted before a time; answer how many went."""

    async def of(tenant_id: UUID) -> int:
        actor = Actor.of_system("retention", *commands.PURGER, tenant_id=tenant_id)
        return await _purge(database, actor, before)

    return await everywhere(database, "rows", of)


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
