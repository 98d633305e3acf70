"""Late pages: by a cursor, which names the row before, and by an offset, which counts rows away."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from workbench.bench.figures import Figure
from workbench.bench.profiling.profile import Profile
from workbench.bench.timing import Times, in_turn
from workbench.bench.world import World
from workbench.datasets import queries, sorting
from workbench.datasets.schemas import RowsQuery
from workbench.db import pages

SECTION = "paging"
SHARES = (0, 0.1, 0.25, 0.5, 0.75, 0.98)  # of all rows, before the page
DEEP_BUDGET, OFFSET_BUDGET = 1.5, 0.5
TIMES = 5  # as often as other ways, since a page takes little


@dataclass(slots=True)
class Paged:
    """The times of a page by the rows before it, each way."""

    cursor: dict[int, Times] = field(default_factory=dict)
    offset: dict[int, Times] = field(default_factory=dict)


async def measure(world: World, profile: Profile) -> tuple[Paged, list[Figure]]:
    """Take the same pages both ways, in turn."""
    depths = [int(share * profile.rows) for share in SHARES]
    ways: dict[tuple[str, int], Any] = {}
    for depth in depths:
        statement = queries.rows(world.actor, world.dataset, RowsQuery())
        by_cursor = RowsQuery(cursor=await late(world, depth))
        by_key = queries.rows(world.actor, world.dataset, by_cursor)
        ways["cursor", depth] = partial(_page, world, by_key)
        ways["offset", depth] = partial(_page, world, statement.offset(depth))
    named = {f"{way} {depth}": take for (way, depth), take in ways.items()}
    times = await in_turn(named, profile.rounds * TIMES)
    paged = Paged(
        {depth: times[f"cursor {depth}"] for depth in depths},
        {depth: times[f"offset {depth}"] for depth in depths},
    )
    return paged, _figures(profile, paged)


def _figures(profile: Profile, paged: Paged) -> list[Figure]:
    first, *_, last = (times.median for times in paged.cursor.values())
    *_, counted = (times.median for times in paged.offset.values())
    return [
        Figure(SECTION, "keyset_time", "The last page, by cursor", last * 1e3, "ms"),
        profile.ratio(
            SECTION,
            "keyset_deep",
            "By cursor: the last page against the first",
            ours=last,
            theirs=first,
            budget=DEEP_BUDGET,
        ),
        profile.ratio(
            SECTION,
            "keyset_of_offset",
            "The last page: by cursor against by offset",
            ours=last,
            theirs=counted,
            budget=OFFSET_BUDGET,
        ),
    ]


async def late(world: World, before: int) -> str | None:
    """The cursor of the page that so many rows come before; None where none do."""
    if not before:
        return None
    query = RowsQuery()
    statement = queries.rows(world.actor, world.dataset, query).limit(1).offset(before - 1)
    async with world.database.reading(world.actor) as session:
        (row,) = (await session.execute(statement)).mappings()
    return pages.encode(sorting.cursor_key(query, row))


async def _page(world: World, statement: Any) -> None:
    async with world.database.reading(world.actor) as session:
        (await session.execute(statement)).all()
