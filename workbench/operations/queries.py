"""Statements about the platform; PostgreSQL's functions ask the token once more."""

from datetime import datetime

from sqlalchemy import TextClause, text

from workbench.actor import Actor
from workbench.permissions import Permission

CONNECTIONS = """
    select pid, usename::text as login, state, xact_start as since
    from pg_stat_activity
    where datname = current_database() and backend_type = 'client backend'
    union all select * from workbench.platform_backends()
"""
# A dataset that is a tenant's own is not named: its definition is not the operator's to see.
SIZES = """
    select coalesce(name, 'private datasets') as name, sum(bytes)::bigint as bytes from (
        select case n.nspname
                when 'rows' then (select 'dataset ' || d.name from workbench.definitions d
                    where c.relname = 'd_' || replace(d.id::text, '-', '')
                        and d.private_to is null)
                when 'staging' then 'imports under way'
                when 'queue' then 'queue'
                when 'workbench_private' then 'keys and log-ins'
                else replace(c.relname, '_', ' ')
            end as name, pg_total_relation_size(c.oid) as bytes
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname in
            ('rows', 'staging', 'queue', 'workbench', 'workbench_private')
    ) found group by 1 order by 2 desc, 1 limit :most
"""
SERVER = """
    select current_setting('server_version') as version,
        pg_database_size(current_database()) as bytes,
        current_setting('max_connections')::integer
            - current_setting('superuser_reserved_connections')::integer as most_connections,
        (select version_num from workbench.alembic_version) as revision,
        exists (select from pg_extension where extname = 'pg_stat_statements')
            as statements_are_kept
"""


def tenants(actor: Actor, since: datetime) -> TextClause:
    """What each tenant has and does; runs are those ordered since a moment."""
    return _asked(actor, "select * from workbench.platform_tenants(:since)").bindparams(since=since)


def rows_held(actor: Actor) -> TextClause:
    """How many rows each tenant has: reads an index of every dataset, so ask seldom."""
    return _asked(
        actor,
        "select tenant_id, sum(rows_held)::bigint as rows_held, sum(row_bytes)::bigint as row_bytes"
        " from workbench.platform_rows() group by 1",
    )


def days(actor: Actor, since: datetime) -> TextClause:
    """What was ordered on each day since a moment, tenant by tenant."""
    statement = "select * from workbench.platform_days(:since) order by day, tenant_id"
    return _asked(actor, statement).bindparams(since=since)


def lines(actor: Actor) -> TextClause:
    """What waits and works in each queue for each tenant."""
    return _asked(
        actor,
        "select * from workbench.platform_runs() union all "
        "select * from workbench.platform_jobs() order by 1, 3 desc, 2",
    )


def workers(actor: Actor) -> TextClause:
    """What the workers said of themselves last."""
    return _asked(actor, "select * from workbench.platform_workers()")


def failed_jobs(actor: Actor, most: int) -> TextClause:
    """The jobs that were given up, the last first."""
    statement = "select * from workbench.platform_failed_jobs(:most)"
    return _asked(actor, statement).bindparams(most=most)


def failed_runs(actor: Actor, since: datetime) -> TextClause:
    """How runs ordered since a moment failed, the last first."""
    statement = "select * from workbench.platform_failures(:since) order by last_at desc nulls last"
    return _asked(actor, statement).bindparams(since=since)


def post(actor: Actor, since: datetime) -> TextClause:
    """Mail and messages that wait, and mail that was given up since a moment."""
    return _asked(actor, "select * from workbench.platform_post(:since)").bindparams(since=since)


def connections(actor: Actor) -> TextClause:
    """Every connection as the application may see it, and as the owner may."""
    return _asked(actor, CONNECTIONS)


def server(actor: Actor) -> TextClause:
    """PostgreSQL's version, the size of the database and its revision."""
    return _asked(actor, SERVER)


def sizes(actor: Actor, most: int) -> TextClause:
    """The largest parts of the database."""
    return _asked(actor, SIZES).bindparams(most=most)


def _asked(actor: Actor, statement: str) -> TextClause:
    actor.require(Permission.PLATFORM_READ)
    return text(statement)
