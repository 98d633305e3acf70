"""Loading the demo through the real path: storage, staging, and the tenants' own policies."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Iterable
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from workbench.actor import Actor
from workbench.cli import console, tenants, users
from workbench.cli.acting import acting
from workbench.cli.demo import source
from workbench.cli.demo.definitions import DATASETS, FLIGHTS, RELATIONS
from workbench.cli.demo.people import Person, people
from workbench.datasets import commands as datasets
from workbench.datasets import queries
from workbench.datasets.schemas import ImportOrder, Reading
from workbench.db import connect
from workbench.db.session import Database
from workbench.errors import Conflict, Unavailable
from workbench.files import writing
from workbench.files.schemas import Bounds
from workbench.permissions import Permission, Role
from workbench.settings import Settings
from workbench.storage import Storage

DEFINER = Actor.of_system("demo", Permission.DATASET_SHARE)
# Said and not sniffed: the demo's files are known.
ORDER = ImportOrder(
    reading=Reading(
        format="csv",
        encoding="utf-8",
        delimiter=",",
        quote='"',
        has_header=True,
        null_text=source.NULL_TEXT,
        decimal=".",
    )
)
AT_ONCE = 2  # imports; one parses while PostgreSQL works for the other


def load(settings: Settings) -> None:
    """Load what is missing of the demo, with a progress bar."""
    asyncio.run(_load(settings))


async def _load(settings: Settings) -> None:
    database, storage = connect.database(settings), Storage(settings.storage)
    bounds = Bounds(settings.file_limit, settings.file_quota)
    airlines = source.airlines()
    everybody = people(settings.prepared_home(), sorted(airlines))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        tempfile.TemporaryDirectory() as folder,
        Progress(*columns, TimeElapsedColumn(), console=console.err) as progress,
    ):
        flights = Path(folder)
        await _define(database)
        await _each(
            "tenants", (_found(database, *airline) for airline in airlines.items()), progress
        )
        await _each("users", (_enrol(database, person) for person in everybody), progress)
        await asyncio.to_thread(source.split_flights, flights)
        work = (
            _fill(database, storage, bounds, slug, flights, new.name)
            for new in DATASETS
            for slug in airlines
        )
        await _each("imports", work, progress, at_once=AT_ONCE)
    await database.close()


async def _each(
    title: str, work: Iterable[Awaitable[None]], progress: Progress, *, at_once: int = 4
) -> None:
    """Do pieces of work, a few at once, and move the bar with each."""
    pieces = list(work)
    task = progress.add_task(title, total=len(pieces))
    places = asyncio.Semaphore(at_once)

    async def one(piece: Awaitable[None]) -> None:
        async with places:
            await piece
        progress.advance(task)

    await asyncio.gather(*(one(piece) for piece in pieces))


async def _define(database: Database) -> None:
    for new in DATASETS:
        try:
            async with database.session(DEFINER) as session:
                await datasets.define(session, DEFINER, new)
        except Conflict:
            continue
    for relation in RELATIONS:
        try:
            async with database.session(DEFINER) as session:
                await datasets.declare(session, DEFINER, FLIGHTS.name, relation)
        except Conflict:
            continue


async def _found(database: Database, slug: str, name: str) -> None:
    try:
        await tenants.found(database, slug, name)
    except Conflict:
        return


async def _enrol(database: Database, person: Person) -> None:
    try:
        await users.enrol(
            database,
            person.email,
            person.email.split("@")[0].title(),
            person.password,
            person.tenant,
            Role(person.role),
        )
    except Conflict:
        return


async def _fill(
    database: Database, storage: Storage, bounds: Bounds, slug: str, folder: Path, name: str
) -> None:
    """Import one dataset of an airline as its engineer, unless it was imported before."""
    async with acting(database, slug, f"{Role.ENGINEER}@{slug}.example") as actor:
        async with database.session(actor) as session:
            if (await session.scalars(queries.imports(actor, dataset=name))).first() is not None:
                return
        path = source.file_of(name, slug, folder)
        with path.open("rb") as file:
            loaded = await datasets.import_now(
                *(database, storage, bounds, actor, name, writing.blocks(file)),
                file_name=path.name,
                expected=os.fstat(file.fileno()).st_size,
                order=ORDER,
            )
        if loaded.status != "succeeded":
            raise Unavailable(f"The demo's {name} of {slug}: {loaded.error}")
