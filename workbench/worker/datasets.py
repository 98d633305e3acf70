"""Datasets and columns that were deleted long ago are removed for good."""

import asyncio
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from workbench.actor import Actor
from workbench.datasets import commands
from workbench.datasets.commands import Due
from workbench.db.session import Database
from workbench.db.soft_delete import RETENTION
from workbench.storage import Storage

SYSTEM = Actor.of_system("purge datasets")
log = structlog.get_logger(__name__)


async def sweep(
    database: Database, storage: Storage, now: datetime, *, kept: timedelta = RETENTION
) -> int:
    """Remove what was deleted before the retention; answer how many datasets had something to go.

    One that is in use, or that something else still points at, waits for the next time.
    """
    before = now - kept
    async with database.session(SYSTEM) as session:
        due = await commands.due(session, before)
    removed = 0
    for found in due:
        try:
            await _purge(database, storage, found, before)
            removed += 1
        except DBAPIError as error:
            log.warning(
                "dataset_not_purged", definition=str(found.id), reason=str(error.orig)[:200]
            )
    return removed


async def _purge(database: Database, storage: Storage, found: Due, before: datetime) -> None:
    actor = commands.purger(found.tenant_id)
    files: list[str] = []
    async with database.session(actor) as session:
        if found.is_deleted:
            files = await commands.purge_dataset(session, actor, found.id)
        else:
            await commands.purge_columns(session, actor, found.id, before)
    for key in files:  # after the commit: an import whose file is missing would be worse
        await asyncio.to_thread(storage.remove, key)
