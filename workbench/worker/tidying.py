"""Files that nobody needs any more: deleted long ago, begun and given up, or without a row.

Rows go first and bytes after the commit. What an accident leaves between the two, the sweep finds:
bytes without a row go, and a file whose bytes are missing is marked.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

import structlog
from sqlalchemy import select

from workbench.actor import Actor
from workbench.db import soft_delete
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.files import commands, writing
from workbench.files.arrivals import FOLDER, keeper
from workbench.files.commands.parts import clear
from workbench.files.models import File, Upload
from workbench.storage import Storage, Stored

BATCH = 500
GIVEN_UP = timedelta(days=1)  # an upload that is older is nobody's any more
# The others hold what imports and runs kept before files were counted, runs by their attempt.
FOLDERS = re.compile(r"[0-9a-f]+/(files|imports|runs-[0-9]+)/.+")
SYSTEM = Actor.of_system(FOLDER)
Step = Callable[[Database, Storage, Actor, datetime], Awaitable[int]]
log = structlog.get_logger(__name__)


async def tidy(
    database: Database,
    storage: Storage,
    now: datetime,
    *,
    kept: timedelta = soft_delete.RETENTION,
) -> int:
    """Purge what was deleted long ago and give up old uploads; answer how many went."""
    purged = await _everywhere(database, storage, now - kept, _purge)
    return purged + await _everywhere(database, storage, now - GIVEN_UP, _expire)


async def sweep(database: Database, storage: Storage, now: datetime) -> int:
    """Remove bytes that no row names and mark files that lack theirs; answer how many were found.

    Nothing is touched that is younger than a day: it may be on its way. Files whose size nobody
    knows are read first.
    """
    return await _everywhere(database, storage, now, _measure, _remove_orphans, _mark_lost)


async def _everywhere(database: Database, storage: Storage, now: datetime, *steps: Step) -> int:
    async with database.session(SYSTEM) as session:
        tenants = await commands.tenants(session)
    total = 0
    for tenant_id in tenants:
        try:
            for step in steps:
                total += await step(database, storage, keeper(tenant_id), now)
        except Exception as error:  # noqa: BLE001 (one tenant in trouble must not keep the others)
            reason = f"{type(error).__name__}: {error}"[:200]
            log.warning("files_not_tidied", tenant=str(tenant_id), reason=reason)
    return total


async def _purge(database: Database, storage: Storage, actor: Actor, before: datetime) -> int:
    total = 0
    while True:
        async with database.session(actor) as session:
            keys = await commands.purge(session, actor, before=before, most=BATCH)
        await asyncio.to_thread(_remove, storage, keys)
        total += len(keys)
        if len(keys) < BATCH:
            return total


async def _expire(database: Database, storage: Storage, actor: Actor, before: datetime) -> int:
    async with database.session(actor) as session:
        ids = await commands.expire(session, actor, before=before, most=BATCH)
    for upload_id in ids:
        await asyncio.to_thread(clear, storage, actor.require_tenant(), upload_id)
    return len(ids)


async def _remove_orphans(database: Database, storage: Storage, actor: Actor, now: datetime) -> int:
    tenant_id = actor.require_tenant()
    listed = await asyncio.to_thread(_listed, storage, tenant_id)
    old = iter([found for found in listed if found.changed_at < now - GIVEN_UP])
    total = 0
    while batch := list(islice(old, BATCH)):
        orphans = [f.key for f in await _unknown(database, actor, batch)]
        await asyncio.to_thread(_remove, storage, orphans)
        total += len(orphans)
    if total:
        log.warning("orphans_removed", tenant=str(tenant_id), files=total)
    return total


async def _unknown(database: Database, actor: Actor, batch: Collection[Stored]) -> list[Stored]:
    """Those that are neither a file's bytes nor lie under an upload on its way."""
    tenant_id = actor.require_tenant()
    owners = {found.key: _owner(found.key) for found in batch}
    ids = [owner for owner in owners.values() if owner is not None]
    # What was kept of old has folders of its own, by its owner's id: so it is not asked by ids.
    files = select(File.storage_key).where(
        File.tenant_id == tenant_id, File.storage_key.in_(list(owners))
    )
    uploads = select(Upload.id).where(Upload.tenant_id == tenant_id, Upload.id.in_(ids))
    async with database.session(actor) as session:
        known = set(await session.scalars(files.execution_options(include_deleted=True)))
        underway = set(await session.scalars(uploads))
    return [f for f in batch if f.key not in known and owners[f.key] not in underway]


async def _mark_lost(database: Database, storage: Storage, actor: Actor, now: datetime) -> int:
    tenant_id = actor.require_tenant()
    kept = {found.key for found in await asyncio.to_thread(_listed, storage, tenant_id)}
    statement = select(File.id, File.storage_key, File.lost_at).where(
        File.tenant_id == tenant_id, File.created_at < now - GIVEN_UP
    )
    async with database.session(actor) as session:
        rows = (await session.execute(statement)).all()
        missing = [row.id for row in rows if row.storage_key not in kept and row.lost_at is None]
        back = [row.id for row in rows if row.storage_key in kept and row.lost_at is not None]
        for ids, at in ((missing, now), (back, None)):
            if ids:
                await commands.mark_lost(session, actor, ids, at)
    if missing:
        log.error("files_lost", tenant=str(tenant_id), files=len(missing))
    return len(missing)


async def _measure(database: Database, storage: Storage, actor: Actor, _: datetime) -> int:
    """Read what was kept before files were counted; what is gone is marked by the sweep."""
    unread = select(File.id, File.storage_key).where(
        File.tenant_id == actor.require_tenant(), File.sha256.is_(None), File.lost_at.is_(None)
    )
    async with database.session(actor) as session:
        rows = (await session.execute(unread)).all()
    for row in rows:
        try:
            written = await asyncio.to_thread(writing.measured, storage, row.storage_key)
        except NotFound:
            continue
        async with database.session(actor) as session:
            await commands.measure(session, actor, row.id, written)
    return 0


def _listed(storage: Storage, tenant_id: UUID) -> list[Stored]:
    return [found for found in storage.folder(tenant_id) if FOLDERS.fullmatch(found.key)]


def _remove(storage: Storage, keys: Collection[str]) -> None:
    for key in keys:
        storage.remove(key)


def _owner(key: str) -> UUID | None:
    """Whose bytes lie under a key: the third part of it."""
    parts = key.split("/")
    try:
        return UUID(parts[2])
    except (IndexError, ValueError):
        return None
