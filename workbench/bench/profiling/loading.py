"""What loading parents with their children costs: one by one, by a second statement, by a join."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import joinedload, lazyload, selectinload
from sqlalchemy.orm.strategy_options import _AbstractLoad

from workbench.bench.figures import Figure
from workbench.bench.profiling.profile import Profile
from workbench.bench.timing import Times, in_turn
from workbench.bench.world import World
from workbench.runs import queries
from workbench.runs.models import Run

SECTION = "loading"
EAGER_BUDGET = 120 / 800  # 800 ms become 120, where there is much to load
FEW_BUDGET = 0.75
MOST_STATEMENTS = 2
WAYS: dict[str, Callable[[Any], _AbstractLoad]] = {
    "lazy": lazyload,
    "selectinload": selectinload,
    "joinedload": joinedload,
}


@dataclass(slots=True)
class Loaded:
    """How long each way took, how many statements it sent, and how many rows came back."""

    times: dict[str, Times]
    statements: dict[str, int] = field(default_factory=dict)
    children: dict[str, int] = field(default_factory=dict)


async def measure(world: World, profile: Profile) -> tuple[Loaded, list[Figure]]:
    """Load the newest runs with their metrics in three ways, in turn."""
    loaded = Loaded({})

    def way(name: str) -> None:
        with counted(world.database.sync_app) as statements:
            loaded.children[name] = _children(world, profile.parents, WAYS[name])
        loaded.statements[name] = len(statements)

    def threaded(name: str) -> Callable[[], Any]:
        return lambda: asyncio.to_thread(way, name)

    loaded.times = await in_turn({name: threaded(name) for name in WAYS}, profile.rounds)
    if len(set(loaded.children.values())) != 1:
        message = f"the ways loaded different numbers of rows: {loaded.children}"
        raise RuntimeError(message)
    return loaded, _figures(profile, loaded)


def _figures(profile: Profile, loaded: Loaded) -> list[Figure]:
    seconds = {name: times.median for name, times in loaded.times.items()}
    lazy, best = seconds.pop("lazy"), min(seconds.values())
    sent = loaded.statements
    return [
        Figure(SECTION, "lazy_statements", "Statements, lazy", sent["lazy"], ""),
        Figure(
            *(SECTION, "eager_statements", "Statements, selectinload", sent["selectinload"], ""),
            budget=MOST_STATEMENTS,
        ),
        Figure(SECTION, "lazy_time", "Time, lazy", lazy * 1e3, "ms"),
        Figure(SECTION, "eager_time", "Time, the better of the others", best * 1e3, "ms"),
        *(
            Figure(SECTION, f"{name}_of_lazy", f"{name} against lazy", each / lazy, "×")
            for name, each in seconds.items()
        ),
        Figure(
            *(SECTION, "eager_of_lazy", "The better of them against lazy", best / lazy, "×"),
            budget=EAGER_BUDGET if profile.is_full else FEW_BUDGET,
        ),
    ]


@contextmanager
def counted(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """The statements that an engine sends while the block lasts, with what is bound to them."""
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, bound: Any, *___: Any) -> None:
        seen.append((statement, bound))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _children(world: World, parents: int, load: Callable[[Any], _AbstractLoad]) -> int:
    """Touch the metrics of the newest runs, as a list that shows them does."""
    statement = queries.runs(world.actor, limit=parents - 1).options(load(Run.metrics))
    with world.database.sync_session(world.actor) as session:
        return sum(len(run.metrics) for run in session.scalars(statement).unique())
