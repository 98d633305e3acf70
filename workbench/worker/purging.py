"""Purging a tenant: every room's rows by the catalogue, then files, queue, login and people.

It is composed here because it needs every part of Workbench. Each step is a transaction of its
own, so that no lock is held for long and a purge that broke off goes on where it was.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import structlog

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db.session import Database
from workbench.errors import WorkbenchError
from workbench.permissions import Permission
from workbench.storage import Storage
from workbench.tenants import purges
from workbench.tenants.models import Purge
from workbench.worker.parts import now

BATCH = 5000
PATIENCE = timedelta(seconds=30)  # for work that is under way to notice that its tenant is gone
PAUSE_SECONDS = 0.5
SYSTEM = Actor.of_system(
    "purge", Permission.TENANT_PURGE, Permission.TENANT_MANAGE, Permission.PLATFORM_READ
)
Tell = Callable[[str, int], None]
log = structlog.get_logger(__name__)


async def purge(
    database: Database,
    storage: Storage,
    purge_id: UUID,
    *,
    tell: Tell = lambda _place, _removed: None,
    patience: timedelta = PATIENCE,
) -> Purge:
    """Remove all that is left of a deleted tenant and keep the proof; `tell` hears each step."""
    try:
        return await _purge(database, storage, purge_id, tell, patience)
    except WorkbenchError as error:
        log.warning("purge_broke_off", purge=str(purge_id), reason=str(error))
        async with database.session(SYSTEM) as session:
            await purges.fail(session, SYSTEM, purge_id, str(error))
        raise


async def _purge(
    database: Database, storage: Storage, purge_id: UUID, tell: Tell, patience: timedelta
) -> Purge:
    async with database.session(SYSTEM) as session:
        begun = (await session.scalars(purges.purge(SYSTEM, purge_id))).one()
        if begun.finished_at is not None:
            return begun
        await purges.prepare(session, SYSTEM)
    await _end_work(database, purge_id, patience)
    async with database.session(SYSTEM) as session:
        tell("private datasets", await purges.remove_private(session, SYSTEM, purge_id))
    async with database.session(SYSTEM) as session:
        tables = await purges.tables(session, SYSTEM)
    await _close_audit(database, purge_id, begun.purged_id)
    for table in tables:
        await _empty(database, purge_id, table, tell)
    removed = await asyncio.to_thread(storage.remove_all, begun.purged_id)
    tell("files", removed)
    async with database.session(SYSTEM) as session:
        await purges.note(session, SYSTEM, purge_id, "files", removed)
        await purges.remove_traces(session, SYSTEM, purge_id)
        tell("users", await purges.remove_people(session, SYSTEM, purge_id))
    left = await asyncio.to_thread(lambda: sum(1 for _ in storage.keys(begun.purged_id)))
    async with database.session(SYSTEM) as session:
        return await purges.finish(session, SYSTEM, purge_id, left, now())


async def _end_work(database: Database, purge_id: UUID, patience: timedelta) -> None:
    limit = now() + patience
    while True:
        async with database.session(SYSTEM) as session:
            working = await purges.remove_jobs(session, SYSTEM, purge_id)
        if not working:
            return
        if now() > limit:
            raise purges.StillAtWork
        await asyncio.sleep(PAUSE_SECONDS)


async def _close_audit(database: Database, purge_id: UUID, tenant_id: UUID) -> None:
    """Remove the audit in its own way, which keeps the last hash of the chain."""
    sealer = audit.sealer(tenant_id)
    async with database.session(sealer) as session:
        while await audit.seal(session, sealer):
            pass
    async with database.session(SYSTEM) as session:
        removed = await audit.purge(session, SYSTEM, tenant_id)
        await purges.note(session, SYSTEM, purge_id, "workbench.audit_entries", removed)


async def _empty(database: Database, purge_id: UUID, table: str, tell: Tell) -> None:
    total = 0
    while True:
        async with database.session(SYSTEM) as session:
            removed = await purges.remove_rows(session, SYSTEM, purge_id, table, BATCH)
        total += removed
        if not removed:
            tell(table, total)
            return
