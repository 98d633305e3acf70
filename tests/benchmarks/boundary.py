"""What the boundary costs: token-checked statements against the same SQL without any policy.

Two tables hold the same 1,000,000 rows of 1,000 tenants, one of which has 20,000: `guarded` under
forced policies as a dataset has them, behind a readers' view; `plain` without row-level security,
asked with a hand-written `tenant_id = …`. Both are asked in turn on one connection (two would
measure on which core each backend sleeps), and medians are compared.
"""

import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import URL

from workbench.actor import Actor
from workbench.db import connect, roles, telling
from workbench.db.isolation import ActorKey
from workbench.permissions import Permission
from workbench.settings import Settings

TENANT = uuid4()
TENANTS, ROWS, LARGE = 1_000, 1_000_000, 20_000
NAME = "workbench measures"

# The columns of the demo's flights, so that a page is as wide as a real one.
NUMBERS = [
    *("year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time"),
    *("sched_arr_time", "arr_delay", "flight", "air_time", "distance", "hour", "minute"),
]
COLUMNS = f"row_id, {', '.join(NUMBERS)}, carrier, tailnum, origin, dest, time_hour"
PAGE = f"select {COLUMNS} from {{}} where {{}} order by row_id limit 50"
TOTAL = "select origin, count(*), avg(dep_delay) from {} where {} group by origin"
BY_HAND = f"tenant_id = '{TENANT}' and deleted_at is null and row_id > 0"

MAKE = f"""
create table {{table}} (
    tenant_id uuid not null, row_id bigint generated always as identity, import_id uuid not null,
    deleted_at timestamptz, deleted_by text, {" bigint, ".join(NUMBERS)} bigint,
    carrier text, tailnum text, origin text, dest text, time_hour timestamptz,
    primary key (tenant_id, row_id));
insert into {{table}}
    (tenant_id, import_id, {", ".join(NUMBERS)}, carrier, tailnum, origin, dest, time_hour)
select case when n <= %(large)s then %(tenant)s::uuid
            else md5((n %% (%(tenants)s - 1))::text)::uuid end,
       %(tenant)s, {", ".join(f"n %% {1000 + at}" for at, _ in enumerate(NUMBERS))},
       'UA', 'N' || n %% 5000, (array['EWR', 'JFK', 'LGA'])[1 + n %% 3], 'D' || n %% 100,
       timestamptz '2013-01-01' + n * interval '1 second'
from generate_series(1, %(rows)s) n
"""
UNSAMPLED = ", ".join(
    f"alter column {name} set statistics 0" for name in COLUMNS.split(", ") if name != "row_id"
)
GUARD = f"""
alter table rows.guarded {UNSAMPLED};
alter table rows.guarded owner to {roles.OWNER};
alter table rows.guarded enable row level security;
alter table rows.guarded force row level security;
grant select on rows.guarded to {roles.APP}, {roles.VIEWER};
create policy reads on rows.guarded for select to {roles.APP}, {roles.VIEWER}
    using (tenant_id = (select workbench.tenant_with('row:read')));
create view data.guarded as
    select {COLUMNS} from rows.guarded where deleted_at is null;
alter view data.guarded owner to {roles.VIEWER};
grant select on data.guarded, data.plain to {roles.APP};
"""


# Somebody with permissions among 100,000 others.
SIGNED_IN = """
insert into workbench_private.live
select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '{}'::text[],
    'infinity'::timestamptz
from generate_series(1, 100000) union all
select %s::uuid, %s::uuid, %s::uuid, %s::text[], 'infinity'::timestamptz
"""
TELL = "select set_config('workbench.actor_token', %s, true)"


@dataclass(frozen=True, slots=True)
class Case:
    """A statement in both forms, how often it is asked, and the ratio it may cost."""

    name: str
    guarded: str
    plain: str
    rounds: int
    budget: float


CASES = (
    Case(
        "page of 50 rows, whole transaction",
        PAGE.format("data.guarded", "row_id > 0"),
        PAGE.format("data.plain", BY_HAND),
        rounds=3_000,
        budget=1.35,
    ),
    Case(
        "aggregate of 20,000 rows, whole transaction",
        TOTAL.format("data.guarded", "row_id > 0"),
        TOTAL.format("data.plain", BY_HAND),
        rounds=400,
        budget=1.05,
    ),
)


def main() -> int:
    """Measure, print a line for each case, and answer 1 when a budget is exceeded."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, home=Path(folder) / "home")
        with connect.server(settings):
            connect.migrate(settings)
            token = _prepare(settings)
            ratios = [_ratio(settings, case, token) for case in CASES]
    return int(any(ratio > case.budget for ratio, case in zip(ratios, CASES, strict=True)))


def _prepare(settings: Settings) -> str:
    user, sid = uuid4(), uuid4()
    with connect.embedded(settings).superuser("workbench") as superuser:
        for table in ("rows.guarded", "data.plain"):
            values = {"large": LARGE, "tenant": TENANT, "tenants": TENANTS, "rows": ROWS}
            with psycopg.ClientCursor(superuser) as cursor:
                cursor.execute(MAKE.format(table=table), values)
        superuser.execute(GUARD)
        superuser.execute("vacuum analyze rows.guarded")
        superuser.execute("vacuum analyze data.plain")
        superuser.execute(SIGNED_IN, [sid, user, TENANT, ["row:read"]])
        superuser.execute("vacuum analyze workbench_private.live")
    actor = Actor.of_user(user, sid=sid, tenant_id=TENANT, permissions=[Permission.ROW_READ])
    return ActorKey(settings.secret_keys[0]).mint(actor)


def _ratio(settings: Settings, case: Case, token: str) -> float:
    guarded, plain = _times(settings, case, token)
    ratio = guarded / plain
    sys.stdout.write(
        f"{case.name:<45} {guarded * 1e6:>8.0f} µs, by hand {plain * 1e6:>8.0f} µs, "
        f"ratio {ratio:.3f}, budget {case.budget}\n"
    )
    return ratio


def _times(settings: Settings, case: Case, token: str) -> tuple[float, float]:
    """The median seconds of both forms, asked in turn after a warm-up."""
    url = connect.login_url(settings, roles.APP)
    with opened(url) as connection:
        assert connection.wait(telling.beginning(connection, token, NAME, is_prepared=False))
        connection.commit()
        pairs = [
            (_guarded(connection, token, case.guarded), _plain(connection, case.plain))
            for _ in range(case.rounds)
        ][case.rounds // 10 :]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def _guarded(connection: psycopg.Connection, token: str, statement: str) -> float:
    """The seconds of a transaction that tells the token and asks, as the product does."""
    begin = time.perf_counter()
    connection.wait(telling.beginning(connection, token, NAME, is_prepared=True))
    connection.execute(statement).fetchall()
    connection.commit()
    return time.perf_counter() - begin


def _plain(connection: psycopg.Connection, statement: str) -> float:
    """The seconds of a transaction that only asks."""
    begin = time.perf_counter()
    connection.execute(statement).fetchall()
    connection.commit()
    return time.perf_counter() - begin


def opened(url: URL) -> psycopg.Connection:
    """Connect to an address."""
    return psycopg.connect(
        host=str(url.query["host"]),
        port=int(str(url.query["port"])),
        user=url.username,
        password=url.password,
        dbname=url.database,
    )


if __name__ == "__main__":
    sys.exit(main())
