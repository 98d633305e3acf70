"""Pages over HTTP: the API with everything on, beside a plain endpoint without any security.

Each is a server of one process; eight clients in a third process ask them in turn. The rate limit
is on and counts; only its height is raised, to what nobody reaches.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import IO

import httpx

from workbench.bench import client
from workbench.bench.client import Figures
from workbench.bench.figures import Figure, Plan
from workbench.bench.timing import Times
from workbench.bench.world import World
from workbench.datasets import queries, sorting
from workbench.datasets.schemas import RowsQuery
from workbench.db import pages
from workbench.errors import Unavailable

SECTION = "pages"
LIMIT, DEEP_LIMIT, DEEP = 50, 25, 10_000
RATE_BUDGET, TAIL_BUDGET, DEEP_BUDGET = 1 / 2.5, 5.0, 1.2
BOUNDLESS = "1000000000/minute"
START_SECONDS, PAUSE_SECONDS, STOP_SECONDS = 60, 0.2, 20
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
    ours, plain = _free_port(), _free_port()
    token = world.access_token()
    log = world.folder / "serve.log"
    serve = [sys.executable, "-m", "workbench", "serve", "--only", "api", "--port", str(ours)]
    beside = [sys.executable, "-m", "workbench.bench.plain_page", str(plain)]
    with (
        await asyncio.to_thread(log.open, "w") as file,
        _running(serve, file, _environment(world)),
        _running(beside, file, {"PLAIN_DATABASE_URL": world.driver_url}),
    ):
        rows = f"http://127.0.0.1:{ours}/api/v1/datasets/{world.dataset.definition.name}/rows"
        house = House(rows, f"http://127.0.0.1:{plain}/flights", token)
        for address in (house.rows, house.plain):
            await _answers(address, token)
        yield house


def _environment(world: World) -> dict[str, str]:
    app = world.database.logins.app.render_as_string(hide_password=False)
    return {
        "WORKBENCH_HOME": str(world.folder / "home"),
        "WORKBENCH_DATABASE_URL": app,
        "WORKBENCH_SECRET_KEY": world.sandbox.secret,
        "WORKBENCH_RATE_LIMIT": BOUNDLESS,
    }


@contextmanager
def _running(command: list[str], log: IO[str], more: dict[str, str]) -> Iterator[None]:
    """Run a server until the block ends."""
    process = subprocess.Popen(command, env=os.environ | more, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


async def _answers(address: str, token: str) -> None:
    """Wait until a server answers."""
    headers = {"Authorization": f"Bearer {token}"}
    end = time.monotonic() + START_SECONDS
    async with httpx.AsyncClient(headers=headers) as asking:
        while time.monotonic() < end:
            with suppress(httpx.TransportError):
                (await asking.get(address, params={"limit": 1})).raise_for_status()
                return
            await asyncio.sleep(PAUSE_SECONDS)
    raise Unavailable("A server of the load test does not answer.")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
