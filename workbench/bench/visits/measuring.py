"""The whole visit: tenants, a server and a worker of their own, the crowd, and what it left."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import psutil

from workbench.bench import plain, serving
from workbench.bench.figures import Figure
from workbench.bench.visits import driving, judging, town
from workbench.bench.visits.crowd import Crowd
from workbench.bench.visits.judging import Left
from workbench.bench.visits.town import Town
from workbench.bench.world import World, founded
from workbench.db.sandbox import Sandbox

Tell = Callable[[float, float], None]
STEPS = 4
DRAIN_SECONDS, PAUSE_SECONDS = 60, 0.2
WAITING = "select count(*) from workbench.imports where status in ('queued', 'running')"
IMPORTS = """
    select tenant_id::text, count(*), count(*) filter (where status = 'succeeded')
    from workbench.imports group by tenant_id
"""
ROWS = "select tenant_id::text, count(*) from {} where carrier = %s group by tenant_id"


@dataclass(slots=True)
class Visited:
    """Every answer, what each tenant has afterwards, and the figures."""

    crowd: Crowd
    answers: pd.DataFrame
    left: dict[str, Left]
    load: float
    cores: int = field(default_factory=lambda: psutil.cpu_count() or 1)
    figures: list[Figure] = field(default_factory=list)


async def in_sandbox(
    sandbox: Sandbox, folder: Path, crowd: Crowd, *, tell: Tell | None = None
) -> Visited:
    """Found tenants in a disposable database, serve it, and let the crowd in."""
    load = psutil.getloadavg()[0]
    steps = iter(range(STEPS + 1))

    def step() -> None:
        number = next(steps)
        if tell is not None:
            tell(number, STEPS)

    async with founded(sandbox, folder) as world:
        step()
        async with _served(world) as address:
            made = await town.found(world, crowd)  # while the processes start
            step()
            await serving.answers(f"{address}/health/live", world.access_token())
            step()
            answers = await driving.visited(address, made, crowd, folder / "visits")
            step()
            await asyncio.to_thread(_drained, world)
        left = await asyncio.to_thread(_left, world, made)
    visited = Visited(crowd, answers, left, load)
    visited.figures = judging.figures(crowd, answers, left)
    step()
    return visited


@asynccontextmanager
async def _served(world: World) -> AsyncIterator[str]:
    """A server and a worker over the world's database, each a process that starts."""
    port = serving.free_port()
    serve = serving.workbench("serve", "--only", "api", "--port", str(port))
    # It loads files; no notebook of these tenants is ever started.
    more = serving.environment(world) | {"WORKBENCH_UNSAFE_KERNELS": "true"}
    log = world.folder / "serve.log"
    with (
        await asyncio.to_thread(log.open, "w") as file,
        serving.running(serve, file, more),
        serving.running(serving.workbench("work"), file, more),
    ):
        yield f"http://127.0.0.1:{port}"


def _drained(world: World) -> None:
    """Wait until no import waits or works, or for so long that none will end."""
    end = time.monotonic() + DRAIN_SECONDS
    with plain.connected(world) as connection:
        while time.monotonic() < end and connection.execute(WAITING).fetchone() != (0,):
            time.sleep(PAUSE_SECONDS)


def _left(world: World, made: Town) -> dict[str, Left]:
    with plain.connected(world) as connection:
        imports = {t: counts for t, *counts in connection.execute(IMPORTS).fetchall()}
        left = {}
        for slug, tenant in made.tenants.items():
            rows = dict(connection.execute(ROWS.format(world.table), [slug]).fetchall())
            ordered, loaded = imports.get(tenant, (0, 0))
            own = rows.pop(tenant, 0)
            left[slug] = Left(ordered, loaded, own, sum(rows.values()))
    return left
