"""The five aggregates of the flights dashboard: asked, asked by hand, and answered from memory."""

import asyncio
import time
from functools import partial

import psycopg
from sqlalchemy.dialects.postgresql import psycopg as dialect

from workbench.bench import plain
from workbench.bench.figures import Figure, Plan
from workbench.bench.timing import Times, in_turn
from workbench.bench.world import World
from workbench.datasets import queries
from workbench.datasets.answers import Answers
from workbench.datasets.schemas import Aggregation, Condition, Group, Measure, Sort

SECTION = "aggregates"
DIRECT_BUDGET, KEPT_BUDGET = 1.3, 5.0
KEPT_ROUNDS = 50
COUNT = Measure(function="count", name="count")
DELAY = Measure(function="mean", column="arr_delay", name="delay")
# As dashboards/flights/store.py asks them of all flights; a test compares the two.
QUESTIONS = {
    "totals": Aggregation(
        measures=[
            COUNT,
            Measure(function="count", column="dep_time", name="departed"),
            Measure(function="count", column="arr_delay", name="arrived"),
            DELAY,
            Measure(function="sum", column="distance", name="miles"),
        ]
    ),
    "on time": Aggregation(
        measures=[COUNT], filter=[Condition(column="arr_delay", op="le", value=15)]
    ),
    "days": Aggregation(
        group=[Group(column=name) for name in ("year", "month", "day")],
        measures=[COUNT, DELAY],
        limit=10_000,
    ),
    "destinations": Aggregation(
        group=[Group(column="dest")],
        measures=[COUNT, DELAY],
        sort=[Sort(column="count", descending=True)],
        limit=12,
    ),
    "hours of the week": Aggregation(
        group=[
            Group(column="hour"),
            Group(column="time_hour", bucket="weekday", name="weekday"),
            Group(column="time_hour", bucket="hour_of_day", name="utc_hour"),
        ],
        measures=[
            Measure(function="count", column="dep_delay", name="count"),
            Measure(function="mean", column="dep_delay", name="delay"),
        ],
    ),
}


async def measure(world: World, plan: Plan) -> tuple[dict[str, Times], list[Figure]]:
    """Ask each question as a dashboard does, and the same SQL of a plain table of the same rows."""
    with plain.connected(world) as connection:
        connection.execute("set timezone to 'UTC'")
        by_hand = {
            f"{name}, by hand": partial(asyncio.to_thread, _by_hand, connection, world, each)
            for name, each in QUESTIONS.items()
        }
        fresh = {name: partial(_fresh, world, each) for name, each in QUESTIONS.items()}
        pairs = {k: v for one in zip(fresh.items(), by_hand.items(), strict=True) for k, v in one}
        times = await in_turn(pairs, plan.rounds)
    kept = await _kept(world)
    ours, theirs = (sum(times[name].median for name in names) for names in (fresh, by_hand))
    slowest = max(times.median for times in kept.values()) * 1e3
    return times, [
        Figure(SECTION, "aggregates", "The five, one after the other", ours * 1e3, "ms"),
        plan.ratio(
            SECTION,
            "aggregates_of_direct",
            "The five against the same SQL by hand, on a plain table",
            ours=ours,
            theirs=theirs,
            budget=DIRECT_BUDGET,
        ),
        Figure(
            SECTION,
            "aggregate_kept",
            "The slowest of the five, from the cache",
            slowest,
            "ms",
            KEPT_BUDGET if plan.is_full else None,
        ),
    ]


async def _fresh(world: World, question: Aggregation) -> None:
    await _asked(world, question, Answers())


async def _asked(world: World, question: Aggregation, answers: Answers) -> bool:
    async with world.database.reading(world.actor) as session:
        found = await answers.answer(session, world.actor, world.dataset, question)
        return found.is_kept


async def _kept(world: World) -> dict[str, Times]:
    """How long an answer takes that is there already."""
    answers, times = Answers(), {}
    for name, question in QUESTIONS.items():
        await _asked(world, question, answers)
        seconds = []
        for _ in range(KEPT_ROUNDS):
            begin = time.perf_counter()
            is_kept = await _asked(world, question, answers)
            seconds.append(time.perf_counter() - begin)
            if not is_kept:
                message = "an answer was not kept"
                raise RuntimeError(message)
        times[name] = Times(tuple(seconds))
    return times


def _by_hand(connection: psycopg.Connection, world: World, question: Aggregation) -> None:
    statement = queries.aggregate(world.actor, world.dataset, question)
    form = statement.compile(dialect=dialect.dialect(), compile_kwargs={"render_postcompile": True})
    text = str(form).replace("data.flights", "plain.flights")
    connection.execute(text.encode(), form.params).fetchall()
