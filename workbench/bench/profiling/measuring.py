"""The whole profile: every section in turn, over two tenants in a disposable database."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from workbench.bench import plain
from workbench.bench.figures import Figure
from workbench.bench.profiling import boundary, indexes, loading, paging, planting, pool, statements
from workbench.bench.profiling.indexes import Keys
from workbench.bench.profiling.loading import Loaded
from workbench.bench.profiling.paging import Paged
from workbench.bench.profiling.pool import Waits
from workbench.bench.profiling.profile import Profile
from workbench.bench.profiling.statements import Seen
from workbench.bench.timing import Times
from workbench.bench.world import World, founded
from workbench.db import schema
from workbench.db.sandbox import Sandbox

Tell = Callable[[float, float], None]
STEPS = 6


@dataclass(slots=True)
class Profiled:
    """What each section found, and the figures of all of them."""

    profile: Profile
    loaded: Loaded
    seen: Seen
    keys: Keys
    boundary: dict[str, Times]
    paged: Paged
    waits: Waits
    server: str
    load: float
    cores: int = field(default_factory=lambda: psutil.cpu_count() or 1)
    revision: str | None = field(default_factory=schema.head)
    figures: list[Figure] = field(default_factory=list)


async def in_sandbox(
    sandbox: Sandbox, folder: Path, profile: Profile, *, tell: Tell | None = None
) -> Profiled:
    """Found two tenants in a disposable database, and look at everything there."""
    load = psutil.getloadavg()[0]
    steps = iter(range(STEPS + 1))

    def step() -> None:
        number = next(steps)
        if tell is not None:
            tell(number, STEPS)

    async with founded(sandbox, folder) as world:
        step()
        await planting.plant(world, profile)
        return await _profiled(world, profile, load, step)


async def _profiled(
    world: World, profile: Profile, load: float, step: Callable[[], None]
) -> Profiled:
    step()
    loaded, loads = await loading.measure(world, profile)
    step()
    seen, asked = await statements.measure(world, profile)
    keys, bare = await indexes.measure(world, profile)
    step()
    times, costs = await boundary.measure(world, profile)
    step()
    paged, late = await paging.measure(world, profile)
    step()
    waits, waited = await pool.measure(world, profile)
    step()
    with plain.connected(world) as connection:
        (server,) = connection.execute("show server_version").fetchone() or ("",)
    figures = [*loads, *asked, *bare, *costs, *late, *waited]
    return Profiled(
        profile, loaded, seen, keys, times, paged, waits, str(server), load, figures=figures
    )
