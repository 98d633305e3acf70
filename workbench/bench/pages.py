"""Pages over HTTP: the API with everything on, beside a plain endpoint without any security.

Each is a server of one process; eight clients in a third process ask them in turn. The rate limit
is on and counts; only its height is raised, to what nobody reaches.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from workbench.bench import client, serving
from workbench.bench.client import Figures
from workbench.bench.figures import Figure, Plan
from workbench.bench.timing import Times
from workbench.bench.world import World
from workbench.datasets import queries, sorting
from workbench.datasets.schemas import RowsQuery
from workbench.db import pages

SECTION = "pages"
LIMIT, DEEP_LIMIT, DEEP = 50, 25, 10_000
RATE_BUDGET, TAIL_BUDGET, DEEP_BUDGET = 1 / 2.5, 5.0, 1.2
FILTER = "&filter=dest:eq:LAX"


@dataclass(frozen=True, slots=True)
class House:
    """Where both servers answer, and what signs in at ours."""

    rows: str
    plain: str
    token: str


async def measure(world: World, plan: Plan) -> tuple[dict[str, Times], list[Figure]]:
    """Ask both servers in turn, then our own for its first page, a late one, and a filtered one."""
    async with _serving(world) as house:
        first = f"{house.rows}?limit={DEEP_LIMIT}"
        number, cursor = await _deep(world)
        addresses = {
            "a page": f"{house.rows}?limit={LIMIT}",
            "plain": f"{house.plain}?limit={LIMIT}",
            "first page": first,
            "late page": f"{first}&cursor={cursor}" if cursor else first,
            "filtered": f"{house.rows}?limit={LIMIT}{FILTER}",
        }
        found = await asyncio.to_thread(
            client.measure, list(addresses.values()), house.token, plan.seconds, plan.rounds
        )
    seen = dict(zip(addresses, found, strict=True))
    times = {name: Times(tuple(one.p50 for one in each)) for name, each in seen.items()}
    median = {name: client.median(each) for name, each in seen.items()}
    return times, _figures(plan, median, number)


def _figures(plan: Plan, seen: dict[str, Figures], number: int) -> list[Figure]:
    ours, plain = seen["a page"], seen["plain"]
    return [
        Figure(SECTION, "page_rate", f"Pages of {LIMIT} rows a second", ours.rate, "1/s"),
        Figure(SECTION, "page_p50", "A page, median", ours.p50 * 1e3, "ms"),
        Figure(SECTION, "page_p99", "A page, 99th of 100", ours.p99 * 1e3, "ms"),
        Figure(SECTION, "plain_rate", "Pages a second of the plain endpoint", plain.rate, "1/s"),
        plan.ratio(
            SECTION,
            "page_of_plain",
            "Time for a page against the plain endpoint's",
            ours=1 / ours.rate,
            theirs=1 / plain.rate,
            budget=RATE_BUDGET,
        ),
        plan.ratio(
            SECTION,
            "page_tail",
            "A page's 99th of 100 against its median",
            ours=ours.p99,
            theirs=ours.p50,
            budget=TAIL_BUDGET,
        ),
        plan.ratio(
            SECTION,
            "page_deep",
            f"Page {number:,} against page 1",
            ours=seen["late page"].p50,
            theirs=seen["first page"].p50,
            budget=DEEP_BUDGET,
        ),
        Figure(SECTION, "filter_p50", "A filtered page, median", seen["filtered"].p50 * 1e3, "ms"),
    ]


async def _deep(world: World) -> tuple[int, str | None]:
    """The number of a late page, and the cursor that leads to it; None where there is one page."""
    query = RowsQuery(limit=DEEP_LIMIT)
    async with world.database.reading(world.actor) as session:
        count = await session.scalar(queries.count(world.actor, world.dataset)) or 0
        number = min(DEEP, count // DEEP_LIMIT)
        if number < 2:  # noqa: PLR2004 (the first page has no cursor)
            return 1, None
        statement = queries.rows(world.actor, world.dataset, query)
        before = statement.limit(1).offset((number - 1) * DEEP_LIMIT - 1)
        (row,) = (await session.execute(before)).mappings()
    return number, pages.encode(sorting.cursor_key(query, row))


@asynccontextmanager
async def _serving(world: World) -> AsyncIterator[House]:
    ours, plain = serving.free_port(), serving.free_port()
    token = world.access_token()
    log = world.folder / "serve.log"
    serve = serving.workbench("serve", "--only", "api", "--port", str(ours))
    beside = [sys.executable, "-m", "workbench.bench.plain_page", str(plain)]
    with (
        await asyncio.to_thread(log.open, "w") as file,
        serving.running(serve, file, serving.environment(world)),
        serving.running(beside, file, {"PLAIN_DATABASE_URL": world.driver_url}),
    ):
        rows = f"http://127.0.0.1:{ours}/api/v1/datasets/{world.dataset.definition.name}/rows"
        house = House(rows, f"http://127.0.0.1:{plain}/flights", token)
        for address in (house.rows, house.plain):
            await serving.answers(address, token)
        yield house
