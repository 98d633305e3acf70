"""What part of a dataset costs: filters and masks of a grant against the same condition by hand.

A tenant has 1,000,000 rows. A guest sees some of them through a lens (as readers do) or a pane (as
the application does); `plain` holds the same rows without row-level security, asked with the
conditions written out. `dest` is indexed, `origin` is not. All forms are asked in turn on one
connection that was told its token once, and medians are compared.

Columns of a dataset are not sampled, with or without a filter, since estimates tell of other
tenants' values. `plain` is like that; `sampled` is the same table with PostgreSQL's own statistics,
and shows what that costs.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks.boundary import NUMBERS
from tests.support import people, samples
from workbench.access import grants
from workbench.access.schemas import USUAL, Part, Target
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.datasets.schemas import NewColumn, NewDataset
from workbench.db import connect, roles
from workbench.db.embedded import Embedded
from workbench.permissions import Role
from workbench.settings import Settings

ROWS = 1_000_000
TEXTS = ("carrier", "tailnum", "origin", "dest")
FLIGHTS = NewDataset(
    name="flights",
    title="Flights",
    columns=[
        *(NewColumn(name=name, type="integer") for name in NUMBERS),
        *(NewColumn(name=name, type="text") for name in TEXTS),
    ],
)
FILL = f"""
insert into {{table}} (tenant_id, import_id, {", ".join((*NUMBERS, *TEXTS))})
select %(tenant)s, %(tenant)s, {", ".join(f"n %% {1000 + at}" for at, _ in enumerate(NUMBERS))},
    'UA', 'N' || n %% 5000, (array['EWR', 'JFK', 'LGA'])[1 + n %% 3], 'D' || n %% 100
from generate_series(1, %(rows)s) n
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A part of the flights, what is asked of it, and the same by hand."""

    name: str
    part: dict[str, Any]
    asked: str
    by_hand: str
    login: str = roles.READER
    rounds: int = 40
    budget: float | None = 1.15


ORIGIN = {"filter": {"column": "origin", "op": "eq", "value": "JFK"}}
DEST = {"filter": {"column": "dest", "op": "eq", "value": "D7"}}
MASKED = DEST | {"masks": {"tailnum": "hash", "dest": "partial", "flight": "null"}}
SUMS = "select carrier, count(*), sum(distance), avg(dep_delay) from {} group by carrier"
TAILS = "select count(distinct tailnum), max(dest), count(flight) from {}"
PAGE = "select * from {} where row_id > 1000 order by row_id limit 50"
HIDDEN = """encode(sha256('\\x00'::bytea || convert_to(tailnum, 'UTF8')), 'hex') as tailnum,
    left(dest, 2) || '…' as dest, null::bigint as flight"""
UNSAMPLED = ", ".join(f"alter column {name} set statistics 0" for name in (*NUMBERS, *TEXTS))
CASES = (
    Case("filter, not indexed", ORIGIN, SUMS, "origin = 'JFK'"),
    Case("filter, indexed", DEST, SUMS, "dest = 'D7'", rounds=200),
    Case("filter and masks, indexed", MASKED, TAILS, "dest = 'D7'", rounds=200),
    Case("page of 50, not indexed", ORIGIN, PAGE, "origin = 'JFK'", roles.APP, 1000, None),
)


def main() -> int:
    """Measure, print a line for each case, and answer 1 when a budget is exceeded."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, home=Path(folder) / "home")
        with connect.server(settings):
            connect.migrate(settings)
            ratios = asyncio.run(_measured(settings))
    return int(any(c.budget and r > c.budget for c, r in zip(CASES, ratios, strict=True)))


async def _measured(settings: Settings) -> list[float]:
    database = connect.database(settings)
    tenant = await people.make_tenant(database)
    owner = await people.make_actor(database, tenant.id, Role.OWNER)
    await samples.shared(database, FLIGHTS)
    await commands.adopt_shared(database, tenant.id)
    async with database.session(owner) as session:
        dataset = (await session.scalars(queries.dataset(owner, "flights"))).one()
    _fill(connect.embedded(settings), dataset.definition_id.hex, owner)
    ratios = []
    for case in CASES:
        guest = await people.make_user(database)
        membership = await people.join(database, tenant.id, guest.id, Role.GUEST)
        async with database.session(owner) as session:
            await grants.create(
                session,
                owner,
                Target(kind="dataset", dataset_id=dataset.id),
                definition_id=dataset.definition_id,
                membership_id=membership,
                permissions=USUAL["dataset"],
                part=Part.model_validate(case.part),
            )
        actor = await people.admit(database, guest.id, tenant.id)
        ratios.append(_ratio(settings, case, actor, database.key.mint(actor)))
    await database.close()
    return ratios


def _fill(server: Embedded, definition: str, owner: Actor) -> None:
    values = {"rows": ROWS, "tenant": owner.tenant_id}
    with server.superuser("workbench") as superuser:
        for table in ("data.plain", "data.sampled"):
            superuser.execute(f"create table {table} (like rows.d_{definition} including all)")
            superuser.execute(f"grant select on {table} to {roles.APP}, {roles.READER}")
        superuser.execute(f"alter table data.plain {UNSAMPLED}")
        for table in (f"rows.d_{definition}", "data.plain", "data.sampled"):
            superuser.execute(f"create index on {table} (tenant_id, dest)")
            with psycopg.ClientCursor(superuser) as cursor:
                cursor.execute(FILL.format(table=table), values)
            superuser.execute(f"vacuum analyze {table}")
        superuser.execute("vacuum analyze workbench_private.live")


def _ratio(settings: Settings, case: Case, actor: Actor, token: str) -> float:
    schema = actor.lens if case.login == roles.READER else str(actor.lens).replace("lens", "pane")
    forms = [f"{schema}.flights", _by_hand(case, actor, "plain"), _by_hand(case, actor, "sampled")]
    through, plain, sampled = _times(settings, case, token, [case.asked.format(f) for f in forms])
    sys.stdout.write(
        f"{case.name:<26} {through * 1e3:>8.2f} ms, by hand {plain * 1e3:>8.2f} ms, "
        f"ratio {through / plain:.3f}, budget {case.budget}; "
        f"with statistics {sampled * 1e3:.2f} ms, {through / sampled:.3f}\n"
    )
    return through / plain


def _by_hand(case: Case, actor: Actor, table: str) -> str:
    names = ", ".join(("row_id", *NUMBERS, *TEXTS)) if "masks" not in case.part else HIDDEN
    return (
        f"(select {names} from data.{table} where deleted_at is null "
        f"and tenant_id = '{actor.tenant_id}' and {case.by_hand}) by_hand"
    )


def _times(settings: Settings, case: Case, token: str, statements: list[str]) -> list[float]:
    """The median seconds of each statement, asked in turn on one connection."""
    url = connect.login_url(settings, case.login).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute("select set_config('workbench.actor_token', %s, false)", [token])
        connection.commit()
        rounds = [
            [_asked(connection, statement) for statement in statements] for _ in range(case.rounds)
        ][case.rounds // 10 :]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def _asked(connection: psycopg.Connection, statement: str) -> float:
    begin = time.perf_counter()
    connection.execute(statement).fetchall()
    elapsed = time.perf_counter() - begin
    connection.commit()
    return elapsed


if __name__ == "__main__":
    sys.exit(main())
