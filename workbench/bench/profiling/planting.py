"""Two tenants with rows of the same size: flights, and runs with what they measured."""

import asyncio

import psycopg
from psycopg import sql

from workbench.bench import flights, path, plain
from workbench.bench.profiling.profile import Profile
from workbench.bench.world import World
from workbench.cli import tenants

OTHER = "other"
METRICS = 3  # of each run, so that a run is four records
RARE = "seldom"
# Ids are ordered by time, as ours are; one run in 5,000 is of a notebook that is seldom started.
RUNS = """
    insert into workbench.runs
        (tenant_id, id, notebook, parameters, status, requested_by, created_at)
    select %(tenant)s::uuid,
        (lpad(to_hex(1735689600000 + n::bigint * 60000), 12, '0') || '7' ||
            substr(md5(%(tenant)s::uuid::text || n), 1, 19))::uuid,
        case when n %% 5000 = 7 then %(rare)s::text else 'notebook_' || n %% 20 end,
        '{}', 'succeeded', %(user)s::uuid,
        timestamptz '2025-01-01' + n * interval '1 minute'
    from generate_series(1, %(runs)s::int) n
"""
METRICS_OF_RUNS = """
    insert into workbench.metrics (tenant_id, id, run_id, name, value)
    select r.tenant_id, gen_random_uuid(), r.id, 'figure_' || k, k
    from workbench.runs r, generate_series(1, %(metrics)s::int) k
    where r.tenant_id = %(tenant)s::uuid
"""
FLIGHTS = sql.SQL(
    "insert into {table} (tenant_id, import_id, {columns}) "
    "select {tenant}, import_id, {columns} from {table}"
)


async def plant(world: World, profile: Profile) -> None:
    """Give two tenants the same, and look at all tables as autovacuum does."""
    other = await tenants.found(world.database, OTHER, OTHER)
    file = await asyncio.to_thread(flights.write, world.folder / "profile.csv", profile.rows)
    await path.load(world, file)
    await asyncio.to_thread(file.unlink)
    await asyncio.to_thread(_beside, world, profile, str(other.id))


def _beside(world: World, profile: Profile, other: str) -> None:
    table = sql.Identifier(*world.table.split("."))
    copied = FLIGHTS.format(table=table, columns=plain.columns(), tenant=sql.Literal(other))
    switch = sql.SQL("alter table {} {} trigger note_change")
    with plain.connected(world) as connection:
        # It counts changes for the tenant of a token, and a witness has none.
        connection.execute(switch.format(table, sql.SQL("disable")))
        connection.execute(copied)
        connection.execute(switch.format(table, sql.SQL("enable")))
        for tenant in (str(world.actor.tenant_id), other):
            _runs(connection, profile, tenant, str(world.actor.user_id))
        for name in (table, sql.SQL("workbench.runs"), sql.SQL("workbench.metrics")):
            connection.execute(sql.SQL("vacuum analyze {}").format(name))


def _runs(connection: psycopg.Connection, profile: Profile, tenant: str, user: str) -> None:
    values = {
        "tenant": tenant,
        "user": user,
        "rare": RARE,
        "runs": profile.rows // (1 + METRICS),
        "metrics": METRICS,
    }
    connection.execute(RUNS, values)
    connection.execute(METRICS_OF_RUNS, values)
