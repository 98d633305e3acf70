"""The ways through Workbench that the bench takes: the rooms' own commands, as doors call them."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from workbench.actor import Actor
from workbench.bench.world import World
from workbench.cli.demo.source import NULL_TEXT
from workbench.datasets import commands
from workbench.datasets.models import Import
from workbench.datasets.schemas import Filter, ImportOrder, Reading
from workbench.errors import Unavailable
from workbench.files import writing
from workbench.files.schemas import Bounds

BOUNDS = Bounds(file=2**40, tenant=2**50)  # what is measured is no bound


async def load(world: World, path: Path) -> Import:
    """Import a CSV into the flights: kept, checked and appended, as a member's order is."""
    name = world.dataset.definition.name
    engineer = world.actor
    with await asyncio.to_thread(path.open, "rb") as file:
        order = await commands.send_import(
            *(world.database, world.storage, BOUNDS, engineer, name, writing.blocks(file)),
            file_name=path.name,
            expected=os.fstat(file.fileno()).st_size,
            order=ImportOrder(reading=Reading(null_text=NULL_TEXT)),
        )
    worker = Actor.of_system("datasets.load", *commands.LOADER, tenant_id=order.tenant_id)
    async with world.database.session(worker) as session:
        loaded = await commands.load(session, worker, world.storage, order.id)
    if loaded.status != "succeeded":
        raise Unavailable(f"The import ended as {loaded.status}: {loaded.error}")
    return loaded


async def delete_rows(world: World, filters: list[Filter]) -> tuple[UUID, int]:
    """Mark the flights that match as deleted; answer the deletion and how many they are."""
    name = world.dataset.definition.name
    async with world.database.session(world.actor) as session:
        return await commands.delete_rows(session, world.actor, name, filters)


async def restore_rows(world: World, deletion: UUID) -> int:
    """Bring back what a deletion took."""
    name = world.dataset.definition.name
    async with world.database.session(world.actor) as session:
        return await commands.restore_rows(session, world.actor, name, deletion)


async def purge_rows(world: World) -> int:
    """Remove for good what is marked as deleted, a batch at a time as the worker does."""
    purger = Actor.of_system("bench", *commands.PURGER, tenant_id=world.actor.require_tenant())
    before = datetime.now(UTC) + timedelta(minutes=1)  # whatever PostgreSQL's clock says
    removed, count = 0, commands.BATCH
    while count == commands.BATCH:
        async with world.database.session(purger) as session:
            count = await commands.purge_rows(session, purger, world.dataset, before=before)
        removed += count
    return removed
