"""Importing a CSV, beside PostgreSQL's COPY and pandas."""

import asyncio
import gc

from workbench.bench import flights, memory, path, plain
from workbench.bench.figures import Figure, Plan
from workbench.bench.timing import Times, in_turn
from workbench.bench.world import World

SECTION = "import"
COPY_BUDGET, PANDAS_BUDGET, SUPERSET_BUDGET = 2.0, 1 / 4, 1 / 50
MEMORY_BUDGET = 400  # megabytes, however many rows
SUPERSET_SECONDS = 28.8  # its upload of 100,000 flights on the machine of docs/measurements.md
MOST_FRAMED = 100_000  # rows: pandas takes minutes for a million


async def measure(world: World, plan: Plan) -> tuple[dict[str, Times], list[Figure]]:
    """Import the same file in turn in three ways, and watch the memory of an import."""
    file = await asyncio.to_thread(flights.write, world.folder / "import.csv", plan.rows)
    framed = min(plan.rows, MOST_FRAMED)
    short = await asyncio.to_thread(flights.write, world.folder / "short.csv", framed)
    await asyncio.to_thread(plain.found, world)

    async def empty() -> None:
        await asyncio.to_thread(plain.empty, world)

    async def ours() -> None:
        await path.load(world, file)

    async def copy() -> None:
        await asyncio.to_thread(plain.copy, world, file)

    async def pandas() -> None:
        await asyncio.to_thread(plain.to_sql, world, short)

    gc.collect()
    with memory.watched() as peak:
        await path.load(world, file)
    ways = {"Emptying": empty, "Workbench": ours, "COPY": copy, "pandas.to_sql": pandas}
    times = await in_turn(ways, plan.rounds, warm_up=0)
    del times["Emptying"]
    file.unlink()
    return times, _figures(plan, times, framed, peak.megabytes)


def _figures(plan: Plan, times: dict[str, Times], framed: int, megabytes: float) -> list[Figure]:
    taken = times["Workbench"].median
    each = taken / plan.rows
    return [
        Figure(SECTION, "import_rows", "Rows imported a second", 1 / each, "rows/s"),
        plan.ratio(
            SECTION,
            "import_of_copy",
            "Import, all checks on, against COPY of the same file",
            ours=taken,
            theirs=times["COPY"].median,
            budget=COPY_BUDGET,
        ),
        plan.ratio(
            SECTION,
            "import_of_pandas",
            "Import against pandas.to_sql, row for row",
            ours=each,
            theirs=times["pandas.to_sql"].median / framed,
            budget=PANDAS_BUDGET,
        ),
        plan.ratio(
            SECTION,
            "import_of_superset",
            "Import against Superset's upload, 28.8 s for 100,000 rows on the first machine",
            ours=each,
            theirs=SUPERSET_SECONDS / 100_000,
            budget=SUPERSET_BUDGET,
        ),
        Figure(
            SECTION,
            "import_memory",
            "Memory that an import takes",
            megabytes,
            "MB",
            MEMORY_BUDGET,
        ),
    ]
