"""Two small shared datasets, and the real path by which a CSV gets into one."""

import io
from typing import Any
from uuid import UUID

from sqlalchemy import select

from tests.support import people
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.datasets.models import Definition, Import
from workbench.datasets.schemas import ImportOrder, NewColumn, NewDataset
from workbench.db.session import Database
from workbench.files import arrivals, writing
from workbench.files.attached import Made
from workbench.files.commands.keeping import row
from workbench.files.models import File
from workbench.files.schemas import Bounds, Kind
from workbench.permissions import Permission, Role
from workbench.storage import Storage

BOUNDS = Bounds(file=2**30, tenant=2**40)
SHARER = Actor.of_system("test", Permission.DATASET_SHARE, Permission.PLATFORM_READ)

TRIPS = NewDataset(
    name="sample_trips",
    title="Trips",
    columns=[
        NewColumn(name="carrier", type="text"),
        NewColumn(name="dest", type="text"),
        NewColumn(name="delay", type="integer", unit="min"),
        NewColumn(name="distance", type="number", unit="mi"),
        NewColumn(name="cancelled", type="boolean"),
        NewColumn(name="flown_on", type="date"),
        NewColumn(name="departed", type="timestamp"),
    ],
)
CARRIERS = NewDataset(
    name="sample_carriers",
    title="Carriers",
    columns=[NewColumn(name="carrier", type="text"), NewColumn(name="name", type="text")],
)

WIDE = NewDataset(
    name="sample_wide",
    title="Wide",
    columns=[NewColumn(name=f"c{number}", type="text") for number in range(900)],
)

TRIPS_CSV = """\
carrier,dest,delay,distance,cancelled,flown_on,departed
UA,IAH,2,1400,false,2026-01-01,2026-01-01T10:00:00Z
UA,ORD,-5,719.5,false,2026-01-01,2026-01-01T11:30:00Z
AA,MIA,33,1089,false,2026-01-05,2026-01-05T06:00:00Z
AA,MIA,,1089,true,2026-02-10,
B6,BQN,-1,1576,false,2026-02-11,2026-02-11T23:59:59Z
B6,,0,,,,
"""
OTHER_CSV = """\
carrier,dest,delay,distance,cancelled,flown_on,departed
ZZ,SECRET,999,9999,false,2030-01-01,2030-01-01T00:00:00Z
ZZ,SECRET,998,9998,false,2030-01-02,2030-01-02T00:00:00Z
"""
CARRIERS_CSV = "carrier,name\nUA,United\nAA,American\nB6,JetBlue\n"


async def shared(database: Database, new: NewDataset) -> None:
    """Define a shared dataset unless it is there."""
    async with database.session(SHARER) as session:
        known = select(Definition.id).where(Definition.name == new.name)
        if await session.scalar(known) is None:
            await commands.define(session, SHARER, new)


async def kept(database: Database, tenant_id: UUID) -> File:
    """A file of an import, whose bytes lie nowhere."""
    keeper = arrivals.keeper(tenant_id)
    async with database.session(keeper) as session:
        made = Made(Storage("memory://"), tenant_id)
        file = row(made, tenant_id, None, "x.csv", Kind.IMPORT)
        session.add(file)
    return file


def loader(tenant_id: UUID) -> Actor:
    """The worker's own actor."""
    return Actor.of_system("datasets.load", *commands.LOADER, tenant_id=tenant_id)


async def start(
    database: Database,
    storage: Storage,
    engineer: Actor,
    dataset: str,
    content: bytes,
    **order: Any,
) -> Import:
    """Start an import as an engineer."""
    return await commands.send_import(
        *(database, storage, BOUNDS, engineer, dataset, writing.blocks(io.BytesIO(content))),
        file_name="sample.csv",
        order=ImportOrder(**order),
    )


async def load(database: Database, storage: Storage, order: Import) -> Import:
    """Load an import as the worker does."""
    actor = loader(order.tenant_id)
    async with database.session(actor) as session:
        return await commands.load(session, actor, storage, order.id)


async def fill(
    database: Database, storage: Storage, tenant_id: UUID, dataset: str, content: str
) -> Import:
    """Bring a CSV into a tenant's dataset and answer how the import ended."""
    engineer = await people.make_actor(database, tenant_id, Role.ENGINEER)
    order = await start(database, storage, engineer, dataset, content.encode())
    return await load(database, storage, order)
