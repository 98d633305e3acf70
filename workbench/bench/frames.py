"""Reading everything into a frame: the lab, the driver beneath it, and pandas' own way."""

import asyncio
from collections.abc import Callable
from functools import partial

import pandas as pd
import psycopg
from adbc_driver_postgresql import dbapi
from sqlalchemy import create_engine, make_url, text

from workbench.bench.figures import Figure, Plan
from workbench.bench.timing import Times, in_turn
from workbench.bench.world import World
from workbench.lab import reading
from workbench.runs.tickets import Ticket

SECTION = "frame"
SQL = "select * from flights"
BOUND = "select * from flights where distance >= $1"
COPY = f"copy ({SQL}) to stdout (format binary)"
ADBC_BUDGET, PANDAS_BUDGET = 1.15, 1 / 4.5


async def measure(world: World, plan: Plan) -> tuple[dict[str, Times], list[Figure]]:
    """Read the same rows in turn, each way on a connection of its own as the same actor."""
    ticket = world.ticket()
    rows = len(reading.frame(ticket, SQL, []))
    ways: dict[str, Callable[[], object]] = {
        "run.frame": partial(reading.frame, ticket, SQL, []),
        "run.frame, a value bound": partial(reading.frame, ticket, BOUND, [0]),
        "ADBC alone": partial(_adbc, ticket),
        "COPY, thrown away": partial(_copy, ticket),
        "pandas on psycopg": partial(_pandas, ticket),
    }
    threads = {name: partial(asyncio.to_thread, way) for name, way in ways.items()}
    times = await in_turn(threads, plan.rounds)
    ours = times["run.frame"].median
    return times, [
        Figure(SECTION, "frame_rows", "Rows read into a frame a second", rows / ours, "rows/s"),
        plan.ratio(
            SECTION,
            "frame_of_adbc",
            "A frame against its driver alone",
            ours=ours,
            theirs=times["ADBC alone"].median,
            budget=ADBC_BUDGET,
        ),
        Figure(
            SECTION,
            "frame_of_copy",
            "A frame against the same rows fetched and thrown away",
            ours / times["COPY, thrown away"].median,
            "×",
        ),
        plan.ratio(
            SECTION,
            "frame_of_pandas",
            "A frame against pandas reading the same SQL through psycopg",
            ours=ours,
            theirs=times["pandas on psycopg"].median,
            budget=PANDAS_BUDGET,
        ),
    ]


def _adbc(ticket: Ticket) -> pd.DataFrame:
    with dbapi.connect(ticket.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(reading.TELL, [ticket.actor_token, "bench", ticket.search_path])
        cursor.fetchall()
        cursor.execute(SQL)
        frame: pd.DataFrame = cursor.fetch_arrow_table().to_pandas()
        return frame


def _copy(ticket: Ticket) -> None:
    tell = reading.TELL.replace("$1", "%s").replace("$2", "%s").replace("$3", "%s")
    with psycopg.connect(ticket.database_url) as connection:
        connection.execute(tell, [ticket.actor_token, "bench", ticket.search_path])
        with connection.cursor().copy(COPY) as rows:
            for _ in rows:
                pass


def _pandas(ticket: Ticket) -> pd.DataFrame:
    engine = create_engine(make_url(ticket.database_url).set(drivername="postgresql+psycopg"))
    told = dict(zip("abc", (ticket.actor_token, "bench", ticket.search_path), strict=True))
    tell = text(reading.TELL.replace("$1", ":a").replace("$2", ":b").replace("$3", ":c"))
    with engine.connect() as connection:
        connection.execute(tell, told)
        frame = pd.read_sql(text(SQL), connection)  # noqa: TID251 (what the lab is measured against)
    engine.dispose()
    return frame
