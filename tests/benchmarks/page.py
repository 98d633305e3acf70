"""What a page of 50 rows costs over the API with everything on, beside a plain endpoint without.

Two servers of one process each stand over one PostgreSQL: `workbench serve --only api`, and FastAPI
with SQLAlchemy and Pydantic over the same 673,552 flights in a table that knows no tenants
(`workbench.bench.plain_page`). Eight clients of a third process ask both in turn, and medians of
rounds are compared. The rate limit is on and counts; only its height is raised, to what nobody
reaches.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import httpx

from tests.support import people, samples
from tests.support.flights import csv_text
from tests.support.site import free_port
from workbench.actor import Actor
from workbench.bench import client
from workbench.bench.client import Figures
from workbench.cli.demo.definitions import FLIGHTS
from workbench.datasets import commands, queries
from workbench.db import connect, pages, roles
from workbench.db.embedded import Embedded
from workbench.identity.tokens import Tokens
from workbench.permissions import Role
from workbench.settings import Settings

SECONDS, ROUNDS, DEEP_ROUNDS = 0.5, 24, 6
PAGES, LIMIT = 10_000, 50
RATE_BUDGET, TAIL_BUDGET, DEEP_BUDGET = 2.5, 5.0, 1.2
COPIES = 2  # of all flights, so that there is a page 10,000
START_SECONDS = 60
NAMES = ", ".join(column.name for column in FLIGHTS.columns)
SORTS = {"row_id": "row_id", "a sorted column": "time_hour"}


@dataclass(frozen=True, slots=True)
class House:
    """Both servers, and who asks."""

    server: Embedded
    rows: str
    plain: str
    token: str


def main() -> int:
    """Measure, print a line for each budget, and answer 1 when one is exceeded."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, home=Path(folder) / "home")
        with connect.server(settings):
            connect.migrate(settings)
            actor = asyncio.run(prepare(settings))
            with serving(settings, actor) as house:
                return int(
                    not all([_page(house), *(_deep(house, *each) for each in SORTS.items())])
                )


def _page(house: House) -> bool:
    ours, plain = in_turn(house, house.rows, house.plain)
    rate, tail = ours.rate / plain.rate, ours.p99 / ours.p50
    sys.stdout.write(
        f"page of {LIMIT} rows over HTTP, {client.CLIENTS} clients: {ours.rate:,.0f}/s, plain "
        f"{plain.rate:,.0f}/s, ratio {rate:.2f}, budget {RATE_BUDGET}; p50 {ours.p50 * 1e3:.2f} ms,"
        f" p99 {ours.p99 * 1e3:.2f} ms, ratio {tail:.2f}, budget {TAIL_BUDGET} (plain: p50 "
        f"{plain.p50 * 1e3:.2f} ms, p99 {plain.p99 * 1e3:.2f} ms)\n"
    )
    return rate >= RATE_BUDGET and tail <= TAIL_BUDGET


def _deep(house: House, name: str, column: str) -> bool:
    first = f"{house.rows}&sort={column}"
    ours = in_turn(house, first, f"{first}&cursor={_cursor(house, column)}", rounds=DEEP_ROUNDS)
    ratio = ours[1].p50 / ours[0].p50
    sys.stdout.write(
        f"page {PAGES:,} against page 1 by {name}: {ours[1].p50 * 1e3:.2f} ms, "
        f"{ours[0].p50 * 1e3:.2f} ms, ratio {ratio:.2f}, budget {DEEP_BUDGET}\n"
    )
    return ratio <= DEEP_BUDGET


def in_turn(house: House, *urls: str, rounds: int = ROUNDS) -> list[Figures]:
    """The medians of what clients see at each address, asked in turn."""
    found = client.measure(urls, house.token, SECONDS, rounds)
    return [client.median(one) for one in found]


def _cursor(house: House, column: str) -> str:
    """The cursor of a late page, made of the row before it."""
    order = dict.fromkeys((column, "row_id"))
    names = ", ".join(order)
    with house.server.superuser("workbench") as superuser:
        row = superuser.execute(
            f"select {names} from plain.flights order by {names} offset %s limit 1",
            [(PAGES - 1) * LIMIT - 1],
        ).fetchone()
    assert row is not None
    return pages.encode([",".join(order), *row])


async def prepare(settings: Settings) -> Actor:
    """Everybody's flights as one tenant's own, twice, and the same rows in a plain table."""
    database = connect.database(settings)
    tenant = await people.make_tenant(database)
    actor = await people.make_actor(database, tenant.id, Role.ANALYST)
    await samples.shared(database, FLIGHTS)
    await commands.adopt_shared(database, tenant.id)
    async with database.session(actor) as session:
        dataset = (await session.scalars(queries.dataset(actor, FLIGHTS.name))).one()
    await database.close()
    table = f"rows.d_{dataset.definition_id.hex}"
    with connect.embedded(settings).superuser("workbench") as superuser:
        superuser.execute(f"create table data.source (like {table})")
        superuser.execute(
            "alter table data.source alter tenant_id drop not null, "
            "alter import_id drop not null, alter row_id drop not null"
        )
        with superuser.cursor().copy(
            f"copy data.source ({NAMES}) from stdin (format csv, header, null 'NA')"
        ) as copy:
            copy.write(csv_text())
        for _ in range(COPIES):
            superuser.execute(
                f"insert into {table} (tenant_id, import_id, {NAMES}) "
                f"select %s, %s, {NAMES} from data.source",
                [tenant.id, dataset.id],
            )
        superuser.execute("create schema plain")
        superuser.execute(f"create table plain.flights as select row_id, {NAMES} from {table}")
        superuser.execute("alter table plain.flights add primary key (row_id)")
        superuser.execute(f"grant usage on schema plain to {roles.APP}")
        superuser.execute(f"grant select on plain.flights to {roles.APP}")
        for name in (table, "plain.flights", "workbench_private.live"):
            superuser.execute(f"vacuum analyze {name}")
    return actor


@contextmanager
def serving(settings: Settings, actor: Actor) -> Iterator[House]:
    """Run both servers until the block ends."""
    assert actor.sid is not None
    assert actor.user_id is not None
    token = Tokens(settings.secret_keys).access(
        actor.sid, actor.user_id, actor.tenant_id, datetime.now(UTC)
    )
    environment = os.environ | {
        "WORKBENCH_HOME": str(settings.home),
        "WORKBENCH_RATE_LIMIT": "1000000000/minute",
    }
    address = connect.login_url(settings, roles.APP).render_as_string(hide_password=False)
    ours, plain = free_port(), free_port()
    serve = [sys.executable, "-m", "workbench", "serve", "--only", "api", "--port", str(ours)]
    beside = [sys.executable, "-m", "workbench.bench.plain_page", str(plain)]
    with (
        (settings.home / "serve.log").open("w") as log,
        _running(serve, log, environment),
        _running(beside, log, os.environ | {"PLAIN_DATABASE_URL": address}),
    ):
        house = House(
            connect.embedded(settings),
            f"http://127.0.0.1:{ours}/api/v1/datasets/flights/rows?limit={LIMIT}",
            f"http://127.0.0.1:{plain}/flights?limit={LIMIT}",
            token,
        )
        _wait(house, settings.home / "serve.log")
        yield house


@contextmanager
def _running(command: list[str], log: IO[str], environment: Mapping[str, str]) -> Iterator[None]:
    """Run a server until the block ends."""
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _wait(house: House, log: Path) -> None:
    limit = time.monotonic() + START_SECONDS
    for url in (house.rows, house.plain):
        while True:
            with suppress(httpx.TransportError):
                headers = {"Authorization": f"Bearer {house.token}"}
                httpx.get(url, headers=headers).raise_for_status()
                break
            if time.monotonic() > limit:
                message = f"a server does not start:\n{log.read_text()}"
                raise RuntimeError(message)
            time.sleep(0.3)


if __name__ == "__main__":
    sys.exit(main())
