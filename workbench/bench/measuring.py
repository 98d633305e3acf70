"""The whole load test: every section in turn, over one tenant in a disposable database."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from workbench.bench import (
    aggregates,
    changes,
    exports,
    flights,
    frames,
    imports,
    pages,
    path,
    plain,
)
from workbench.bench.figures import Figure, Plan
from workbench.bench.timing import Times
from workbench.bench.world import World, founded
from workbench.db import schema
from workbench.db.sandbox import Sandbox

Tell = Callable[[float, float], None]
SECTIONS = (frames, aggregates, exports, pages, changes)


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures in the order of their sections, the times behind them, and where it was."""

    plan: Plan
    figures: list[Figure]
    times: dict[str, dict[str, Times]]
    server: str
    revision: str | None
    cores: int
    load: float

    @property
    def over(self) -> list[Figure]:
        """The figures that exceed their budgets."""
        return [figure for figure in self.figures if figure.is_over]


async def in_sandbox(
    sandbox: Sandbox, folder: Path, plan: Plan, *, tell: Tell | None = None
) -> Measured:
    """Found a tenant in a disposable database, and measure everything there."""
    load = psutil.getloadavg()[0]
    async with founded(sandbox, folder) as world:
        figures, times = [], {}
        steps = (imports, *SECTIONS)
        for number, section in enumerate(steps):
            if tell is not None:
                tell(number, len(steps))
            if number == 1:
                await _filled(world, plan)
            times[section.SECTION], found = await section.measure(world, plan)
            figures += found
        if tell is not None:
            tell(len(steps), len(steps))
        with plain.connected(world) as connection:
            (server,) = connection.execute("show server_version").fetchone() or ("",)
    cores = psutil.cpu_count() or 1
    return Measured(plan, figures, times, str(server), schema.head(), cores, load)


async def _filled(world: World, plan: Plan) -> None:
    """Give the tenant the rows that all other sections read, and a plain table the same."""
    await asyncio.to_thread(plain.empty, world)
    file = await asyncio.to_thread(flights.write, world.folder / "read.csv", plan.read_rows)
    await path.load(world, file)
    await asyncio.to_thread(file.unlink)
    await asyncio.to_thread(plain.mirror, world)
