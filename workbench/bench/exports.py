"""Exporting all rows as CSV, safe for spreadsheets, beside PostgreSQL's COPY into a file.

And what the process holds of rows that leave, which must not be more when they are more.
"""

import asyncio
import gc
from pathlib import Path

from psycopg import sql

from workbench.bench import memory, plain
from workbench.bench.figures import Figure, Plan
from workbench.bench.timing import Times, in_turn
from workbench.bench.world import World
from workbench.datasets import commands
from workbench.datasets.export_formats import Format
from workbench.datasets.schemas import RowsExport

SECTION = "export"
COPY_BUDGET = 1 / 0.6
MEMORY_BUDGET = 1.15  # the same memory, whatever the rows; the rest is where it happens to lie
MANY = 5
REPEATED = "select f.* from flights f cross join (values {}) as v (time)"
TITLES = {Format.CSV: "CSV", Format.PARQUET: "Parquet", Format.ARROW: "Arrow"}
COPY = sql.SQL("copy (select {} from plain.flights order by row_id) to stdout (format csv, header)")


async def measure(world: World, plan: Plan) -> tuple[dict[str, Times], list[Figure]]:
    """Write the same rows in turn into a file, through the export and through COPY."""
    ours, theirs = world.folder / "export.csv", world.folder / "copy.csv"

    async def copy() -> None:
        await asyncio.to_thread(_copied, world, theirs)

    async def export() -> None:
        await _exported(world, ours)

    times = await in_turn({"Workbench": export, "COPY": copy}, plan.rounds)
    rows = _lines(ours) - 1
    if rows != _lines(theirs) - 1:
        message = "the export and COPY wrote different numbers of rows"
        raise RuntimeError(message)
    ours.unlink()
    theirs.unlink()
    taken = times["Workbench"].median
    held = [await _held(world, plan, format_) for format_ in Format]
    return times, [
        Figure(SECTION, "export_rows", "Rows exported a second", rows / taken, "rows/s"),
        plan.ratio(
            SECTION,
            "export_of_copy",
            "Export as CSV against COPY into a file",
            ours=taken,
            theirs=times["COPY"].median,
            budget=COPY_BUDGET,
        ),
        *held,
    ]


async def _held(world: World, plan: Plan, format_: Format) -> Figure:
    """What the process takes at most while many times the rows leave, against once the rows."""
    peaks = []
    for times in (1, 1, MANY):  # the first time warms up
        gc.collect()
        blocks = await commands.export_sql(
            world.database, world.actor, REPEATED.format(_values(times)), format_
        )
        with memory.watched() as peak:
            async for _ in blocks:
                pass
        peaks.append(peak.whole)
    return plan.ratio(
        SECTION,
        f"export_memory_{format_}",
        f"Memory while {MANY} times the rows leave as {TITLES[format_]}, against once",
        ours=peaks[-1],
        theirs=peaks[-2],
        budget=MEMORY_BUDGET,
    )


def _values(times: int) -> str:
    return ", ".join(f"({number})" for number in range(times))


async def _exported(world: World, path: Path) -> None:
    blocks = await commands.export_rows(
        world.database, world.actor, world.dataset, RowsExport(), Format.CSV
    )
    with await asyncio.to_thread(path.open, "wb") as file:
        async for block in blocks:
            file.write(block)


def _copied(world: World, path: Path) -> None:
    with (
        plain.connected(world) as connection,
        connection.cursor() as cursor,
        cursor.copy(COPY.format(plain.columns())) as copying,
        path.open("wb") as file,
    ):
        for block in copying:
            file.write(block)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
