"""How long one waits for a connection when more ask than there are connections."""

import asyncio
import time
from dataclasses import dataclass, field

from sqlalchemy import text

from workbench.bench.figures import Figure
from workbench.bench.profiling.profile import Profile
from workbench.bench.timing import Times
from workbench.bench.world import World
from workbench.db.session import Database

SECTION = "pool"
CONNECTIONS = 5
HOLD_SECONDS = 0.01
CROWDS = (1, 5, 10, 20, 40)
TURNS = 5  # of each who asks
WAIT_BUDGET = 2.5  # of twice as many as connections, in holds: in a fair queue it is one
HOLD = text("select pg_sleep(:seconds)")


@dataclass(slots=True)
class Waits:
    """The seconds that each waited, by how many asked at once, and that each held."""

    by_crowd: dict[int, Times] = field(default_factory=dict)
    held: list[float] = field(default_factory=list)


async def measure(world: World, profile: Profile) -> tuple[Waits, list[Figure]]:
    """Have crowds hold connections in turns, and note how long each waited for one."""
    options = {"pool_size": CONNECTIONS, "max_overflow": 0}
    database = Database(world.database.logins, world.sandbox.secret, **options)
    waits = Waits()
    try:
        await _crowd(database, CONNECTIONS)  # opens the connections
        for crowd in CROWDS:
            turns = await _crowd(database, crowd)
            waits.by_crowd[crowd] = Times(tuple(waited for waited, _ in turns))
            waits.held += [held for _, held in turns]
    finally:
        await database.close()
    twice = waits.by_crowd[2 * CONNECTIONS].quantile(0.95)
    most = waits.by_crowd[CROWDS[-1]].quantile(0.95)
    return waits, [
        Figure(SECTION, "pool_wait", f"{CROWDS[-1]} ask, 95 of 100 wait", most * 1e3, "ms"),
        profile.ratio(
            SECTION,
            "pool_wait_of_hold",
            "Twice as many ask as there are connections: the wait against the hold",
            ours=twice,
            theirs=Times(tuple(waits.held)).median,
            budget=WAIT_BUDGET,
        ),
    ]


async def _crowd(database: Database, crowd: int) -> list[tuple[float, float]]:
    found = await asyncio.gather(*(_turns(database) for _ in range(crowd)))
    return [turn for each in found for turn in each]


async def _turns(database: Database) -> list[tuple[float, float]]:
    """How long somebody waited for a connection and held it, turn by turn."""
    turns = []
    for _ in range(TURNS):
        begin = time.perf_counter()
        async with database.app.connect() as connection:
            got = time.perf_counter()
            await connection.execute(HOLD, {"seconds": HOLD_SECONDS})
        turns.append((got - begin, time.perf_counter() - got))
    return turns
