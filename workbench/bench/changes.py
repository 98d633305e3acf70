"""Deleting by a filter, taking that back, and purging: throughput, and whether counts agree."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from workbench.bench import path
from workbench.bench.figures import Figure, Plan
from workbench.bench.timing import Times
from workbench.bench.world import World
from workbench.datasets.schemas import Condition

SECTION = "changes"
TITLES = {"delete": "marked as deleted", "restore": "restored", "purge": "purged"}
HALF = Condition(column="distance", op="lt", value=900)  # about half of all flights


async def measure(world: World, plan: Plan) -> tuple[dict[str, Times], list[Figure]]:
    """Delete about half of the rows, restore them, delete them again and purge them."""
    seconds: dict[str, list[float]] = {name: [] for name in TITLES}
    count = 0
    for _ in range(plan.rounds):
        (deletion, count), taken = await _timed(lambda: path.delete_rows(world, [HALF]))
        seconds["delete"].append(taken)
        restored, taken = await _timed(lambda: path.restore_rows(world, deletion))  # noqa: B023
        seconds["restore"].append(taken)
        _agree(restored, count)
    await path.delete_rows(world, [HALF])
    purged, taken = await _timed(lambda: path.purge_rows(world))
    seconds["purge"].append(taken)
    _agree(purged, count)
    times = {name: Times(tuple(each)) for name, each in seconds.items()}
    return times, [
        Figure(SECTION, f"{name}_rows", f"Rows {title} a second", count / each.median, "rows/s")
        for (name, title), each in zip(TITLES.items(), times.values(), strict=True)
    ]


async def _timed(work: Callable[[], Awaitable[Any]]) -> tuple[Any, float]:
    begin = time.perf_counter()
    answer = await work()
    return answer, time.perf_counter() - begin


def _agree(found: int, expected: int) -> None:
    if found != expected:
        message = f"{found:,} rows instead of {expected:,}"
        raise RuntimeError(message)
