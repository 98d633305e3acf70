"""What the five aggregates of the dashboard of flights cost, against the same SQL run directly.

One tenant has all 336,776 flights of New York in 2013. Each aggregate is asked as the dashboard
asks it, in a session of the reader, from an empty cache and from one that holds the answer; and as
SQL by hand on a bare connection, over a table that holds the same rows without row-level security
and with PostgreSQL's own statistics. All forms are asked in turn, and medians are compared. The API
answers from its cache too, noted in the audit, over HTTP on this machine, which has no budget. At
last a question over a declared join is asked, for its time alone.
"""

import asyncio
import io
import logging
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import structlog

from dashboards.flights import store
from tests.support import people, samples
from tests.support.serving import serving
from workbench.actor import Actor
from workbench.api import app as api
from workbench.api.parts import utc_now
from workbench.cli.demo import source
from workbench.cli.demo.definitions import AIRLINES, AIRPORTS, FLIGHTS, RELATIONS
from workbench.datasets import commands, queries
from workbench.datasets.answers import Answers
from workbench.datasets.models import Dataset
from workbench.datasets.schemas import Aggregation, Condition, Group, Measure, Sort
from workbench.db import connect, roles
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.storage import Storage

DIRECTLY, KEPT = 1.3, 5e-3  # budgets: times the same SQL, and seconds of an answer that is kept
ROUNDS = 15
WEEKDAY = Group(column="time_hour", bucket="weekday", name="weekday")
HOUR = Group(column="time_hour", bucket="hour_of_day", name="utc_hour")
MILES = Measure(function="sum", column="distance", name="miles")
FIGURES = [
    store.COUNT,
    Measure(function="count", column="dep_time", name="departed"),
    Measure(function="count", column="arr_delay", name="arrived"),
    store.DELAY,
    MILES,
]
OF_HOURS = [
    Measure(function="count", column="dep_delay", name="count"),
    Measure(function="mean", column="dep_delay", name="delay"),
]
MOST = [Sort(column="count", descending=True)]


@dataclass(frozen=True, slots=True)
class Case:
    """One aggregate, and the same by hand."""

    name: str
    question: Aggregation
    by_hand: str


CASES = (
    Case(
        "totals",
        Aggregation(measures=FIGURES),
        "select count(*), count(dep_time), count(arr_delay), avg(arr_delay)::float8, sum(distance) "
        "from data.plain where {own}",
    ),
    Case(
        "on time",
        Aggregation(
            measures=[store.COUNT], filter=[Condition(column="arr_delay", op="le", value=15)]
        ),
        "select count(*) from data.plain where {own} and arr_delay <= 15",
    ),
    Case(
        "days",
        Aggregation(
            group=[Group(column=name) for name in ("year", "month", "day")],
            measures=[store.COUNT, store.DELAY],
            limit=10_000,
        ),
        "select year, month, day, count(*), avg(arr_delay)::float8 from data.plain where {own} "
        "group by 1, 2, 3 order by 1, 2, 3 limit 10000",
    ),
    Case(
        "destinations",
        Aggregation(
            group=[Group(column="dest")],
            measures=[store.COUNT, store.DELAY],
            sort=MOST,
            limit=store.SHOWN_DESTINATIONS,
        ),
        "select dest, count(*), avg(arr_delay)::float8 from data.plain where {own} "
        "group by 1 order by 2 desc, 1 limit 12",
    ),
    Case(
        "hours",
        Aggregation(group=[Group(column="hour"), WEEKDAY, HOUR], measures=OF_HOURS),
        "select hour, extract(isodow from timezone('UTC', time_hour))::int - 1, "
        "extract(hour from timezone('UTC', time_hour))::int, count(dep_delay), "
        "avg(dep_delay)::float8 from data.plain where {own} group by 1, 2, 3 order by 1, 2, 3 "
        "limit 1000",
    ),
)
JOINED = Aggregation(
    group=[Group(column="carrier.name"), Group(column="dest.tzone")],
    measures=[store.COUNT, Measure(function="share", name="share")],
    sort=MOST,
)


def main() -> int:
    """Measure, print a line for each aggregate, and answer 1 when one is over a budget."""
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=quiet)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, home=Path(folder) / "home", rate_limit="100000/minute")
        with connect.server(settings):
            connect.migrate(settings)
            return int(asyncio.run(_measured(settings)))


async def _measured(settings: Settings) -> bool:
    database = connect.database(settings)
    tenant = await people.make_tenant(database)
    for new in (FLIGHTS, AIRLINES, AIRPORTS):
        await samples.shared(database, new)
    async with database.session(samples.SHARER) as session:
        for relation in (r for r in RELATIONS if r.target in ("airlines", "airports")):
            await commands.declare(session, samples.SHARER, "flights", relation)
    actor = await people.make_actor(database, tenant.id, Role.ANALYST)
    async with database.session(actor) as session:
        datasets = list(await session.scalars(queries.datasets(actor)))
    for dataset in datasets:
        _fill(settings, dataset, actor)
    flights = next(each for each in datasets if each.definition.name == "flights")
    over = await _asked(settings, database, actor, flights)
    await database.close()
    return over


def _fill(settings: Settings, dataset: Dataset, actor: Actor) -> None:
    """Copy the rows in as they lie in the package, and for flights into the plain table too."""
    name, table = dataset.definition.name, f"rows.d_{dataset.definition_id.hex}"
    names = ", ".join(column.name for column in dataset.definition.columns)
    with connect.embedded(settings).superuser("workbench") as superuser:
        superuser.execute(f"create temp table given (like {table})")
        superuser.execute(f"alter table given alter tenant_id set default '{actor.tenant_id}'")
        for column in ("row_id", "import_id"):
            superuser.execute(f"alter table given alter {column} drop not null")
        copy = f"copy given ({names}) from stdin (format csv, header, null 'NA')"
        with superuser.cursor().copy(copy) as into:
            into.write(_file(name))
        insert = f"(tenant_id, import_id, {names}) select tenant_id, tenant_id, {names} from given"
        superuser.execute(f"insert into {table} {insert}")
        if name == "flights":
            superuser.execute(f"create table data.plain (like {table} including all)")
            superuser.execute(f"insert into data.plain {insert}")
            superuser.execute(f"grant select on data.plain to {roles.READER}")
    with connect.embedded(settings).superuser("workbench") as superuser:
        superuser.execute(f"vacuum analyze {table}")
        if name == "flights":
            superuser.execute("vacuum analyze data.plain")


def _file(name: str) -> bytes:
    if name != "flights":
        return (source.folder() / f"{name}.csv").read_bytes()
    with zipfile.ZipFile(source.folder() / "flights.csv.zip") as archive:
        return io.BytesIO(archive.read(archive.namelist()[0])).getvalue()


async def _asked(settings: Settings, database: Database, actor: Actor, flights: Dataset) -> bool:
    warm = Answers()
    url = connect.login_url(settings, roles.READER).set(drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    own = f"tenant_id = '{actor.tenant_id}' and deleted_at is null"
    app = api.create(settings, database, Storage(settings.storage))
    over = False
    async with serving(app) as served, httpx.AsyncClient(base_url=served) as client:
        token = Tokens(settings.secret_keys)
        client.headers["Authorization"] = f"Bearer {_bearer(token, actor)}"
        with psycopg.connect(address, autocommit=True) as direct:
            for case in CASES:
                question, by_hand = case.question, case.by_hand.format(own=own)

                async def ask(answers: Answers, question: Aggregation = question) -> None:
                    async with database.reading(actor) as session:
                        await answers.answer(session, actor, flights, question)

                async def post(question: Aggregation = question) -> None:
                    body = question.model_dump(mode="json", exclude_defaults=True, by_alias=True)
                    response = await client.post("/api/v1/datasets/flights/query", json=body)
                    response.raise_for_status()

                async def run(by_hand: str = by_hand) -> None:
                    direct.execute(by_hand).fetchall()

                forms = [lambda: ask(Answers()), run, lambda: ask(warm), post]
                over |= _told(case.name, *await _medians(forms))
        await _medians([lambda: _joined(database, actor, flights)], told="over a declared join")
    return over


async def _joined(database: Database, actor: Actor, flights: Dataset) -> None:
    async with database.reading(actor) as session:
        await Answers().answer(session, actor, flights, JOINED)


def _bearer(tokens: Tokens, actor: Actor) -> str:
    now = utc_now()
    return tokens.access(actor.sid, actor.user_id, actor.tenant_id, now)  # type: ignore[arg-type]


async def _medians(forms: Sequence[Callable[[], Awaitable[Any]]], told: str = "") -> list[float]:
    """The median seconds of each form, asked in turn."""
    rounds: list[list[float]] = []
    for _ in range(ROUNDS):
        times = []
        for form in forms:
            begin = time.perf_counter()
            await form()
            times.append(time.perf_counter() - begin)
        rounds.append(times)
    medians = [statistics.median(times) for times in zip(*rounds[2:], strict=True)]
    if told:
        sys.stdout.write(f"{told:<22} {medians[0] * 1e3:>7.1f} ms\n")
    return medians


def _told(name: str, asked: float, direct: float, kept: float, over_http: float) -> bool:
    ratio = asked / direct
    sys.stdout.write(
        f"{name:<22} {asked * 1e3:>7.1f} ms, directly {direct * 1e3:>7.1f} ms, ratio {ratio:.2f}, "
        f"budget {DIRECTLY}; kept {kept * 1e3:.2f} ms, budget {KEPT * 1e3:g} ms; "
        f"over HTTP {over_http * 1e3:.2f} ms\n"
    )
    return ratio > DIRECTLY or kept > KEPT


if __name__ == "__main__":
    sys.exit(main())
