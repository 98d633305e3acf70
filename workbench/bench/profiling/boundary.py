"""What the boundary costs: statements through the policies, beside the same SQL by hand."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from workbench.bench.figures import Figure
from workbench.bench.profiling.profile import Profile
from workbench.bench.timing import Times, in_turn
from workbench.bench.world import World

SECTION = "boundary"
PAGE = "select * from {} where {} order by row_id limit 50"
TOTAL = "select origin, count(*), avg(arr_delay) from {} where {} group by origin"
PAGE_BUDGET, TOTAL_BUDGET = 2.5, 1.25
TIMES = 10  # as often as other ways, since a statement takes little
REPEATS = 20  # of the smallest statements, in one measurement
NOTHING = text("select 1")
CHECK = text("select workbench.tenant_with('row:read')")


async def measure(world: World, profile: Profile) -> tuple[dict[str, Times], list[Figure]]:
    """Ask both in turn, a transaction each; and look at what telling and checking a token take."""
    plain = create_engine(world.driver_url, pool_pre_ping=True)  # as ours does
    by_hand = f"tenant_id = '{world.actor.tenant_id}' and deleted_at is null"

    def ours(statement: str) -> Callable[[], None]:
        said = text(statement.format(world.table, "deleted_at is null"))
        return partial(_as_actor, world, [said])

    def theirs(statement: str) -> Callable[[], None]:
        return partial(_as_witness, plain, [text(statement.format(world.table, by_hand))])

    ways: dict[str, Callable[[], None]] = {
        "page, through policies": ours(PAGE),
        "page, by hand": theirs(PAGE),
        "aggregate, through policies": ours(TOTAL),
        "aggregate, by hand": theirs(TOTAL),
        "nothing, token told": partial(_as_actor, world, [NOTHING]),
        "nothing, no token": partial(_as_witness, plain, [NOTHING]),
        "checks": partial(_as_actor, world, [CHECK] * REPEATS),
        "no checks": partial(_as_actor, world, [NOTHING] * REPEATS),
    }
    threads = {name: partial(asyncio.to_thread, way) for name, way in ways.items()}
    times = await in_turn(threads, profile.rounds * TIMES)
    plain.dispose()
    return times, _figures(profile, {name: each.median for name, each in times.items()})


def _figures(profile: Profile, seconds: dict[str, float]) -> list[Figure]:
    told = seconds["nothing, token told"] - seconds["nothing, no token"]
    check = (seconds["checks"] - seconds["no checks"]) / REPEATS
    return [
        profile.ratio(
            SECTION,
            "boundary_of_page",
            "A page of 50 rows, its transaction and token, against by hand",
            ours=seconds["page, through policies"],
            theirs=seconds["page, by hand"],
            budget=PAGE_BUDGET,
        ),
        profile.ratio(
            SECTION,
            "boundary_of_aggregate",
            "An aggregate of all rows, against by hand",
            ours=seconds["aggregate, through policies"],
            theirs=seconds["aggregate, by hand"],
            budget=TOTAL_BUDGET,
        ),
        Figure(SECTION, "token_told", "Minting and telling a token", told * 1e6, "µs"),
        Figure(SECTION, "token_checked", "Checking it, each time", check * 1e6, "µs"),
    ]


def _as_actor(world: World, statements: list[Any]) -> None:
    with world.database.sync_session(world.actor) as session:
        for statement in statements:
            session.execute(statement).all()


def _as_witness(engine: Engine, statements: list[Any]) -> None:
    with Session(engine) as session, session.begin():
        for statement in statements:
            session.execute(statement).all()
