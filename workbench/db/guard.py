"""The start-up guard: Workbench does not serve where PostgreSQL would not protect its tenants."""

from sqlalchemy import Connection, text

from workbench.db import roles
from workbench.errors import Unavailable

# The first minor of each major version without CVE-2024-10976 (a plan made for one role was used
# for another) and CVE-2025-8713 (the planner's statistics showed rows that policies hide).
FIRST_SAFE = {16: 160010, 17: 170006, 18: 180000}

ROLE = text("""
    select r.rolname as name, r.rolsuper as is_superuser, r.rolbypassrls as bypasses,
        r.rolcreaterole or r.rolcreatedb or r.rolreplication as is_mighty,
        exists (
            select from pg_roles other
            where (other.rolsuper or other.rolbypassrls or other.rolname = :owner)
                and pg_has_role(r.oid, other.oid, 'member')
        ) as reaches_more
    from pg_roles r where r.rolname = current_user
""")

# Tables without row-level security that have reason: the boundary's own, which nobody but its
# functions may read, and the number of the schema's revision.
OPEN_TABLES = text("""
    select format('%I.%I', n.nspname, c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname in ('workbench', 'rows')
        and c.relname <> 'alembic_version'
        and not (c.relrowsecurity and c.relforcerowsecurity)
    order by 1
""")

# `public` could hold a function that stands in for one of PostgreSQL's.
WRITABLE = text("""
    select n.nspname from pg_namespace n
    where has_schema_privilege(current_user, n.oid, 'create') order by 1
""")

# For those who may do least: what `hardening.sql` takes from PUBLIC.
LEFT_OPEN = text("""
    select 'large objects' where has_function_privilege(:readers, 'lo_create(oid)', 'execute')
    union all
    select 'advisory locks'
        where has_function_privilege(:readers, 'pg_advisory_lock(bigint)', 'execute')
    union all
    select 'the activity of others'
        where has_table_privilege(:readers, 'pg_catalog.pg_stat_activity', 'select')
    union all
    select 'DO blocks' where has_language_privilege(:readers, 'plpgsql', 'usage')
""")


TEMPORARY = text("select has_database_privilege(:readers, current_database(), 'temporary')")


class Unguarded(Unavailable):
    """PostgreSQL would not keep the tenants apart."""

    code = "unguarded"


def check(connection: Connection) -> None:
    """Raise Unguarded unless the role that is connected is bound by every policy."""
    _check_version(int(connection.scalar(text("show server_version_num")) or 0))
    role = connection.execute(ROLE, {"owner": roles.OWNER}).one()
    if role.is_superuser or role.bypasses:
        raise Unguarded(f"The role {role.name} sees past row-level security; use {roles.APP}.")
    if role.name == roles.OWNER or role.reaches_more:
        raise Unguarded(
            f"The role {role.name} may act as the owner of the tables; use {roles.APP}."
        )
    if role.is_mighty:
        raise Unguarded(f"The role {role.name} may make roles or databases; use {roles.APP}.")
    if unforced := connection.scalars(OPEN_TABLES).all():
        raise Unguarded(f"Row-level security is not forced on {', '.join(unforced)}.")
    if writable := connection.scalars(WRITABLE).all():
        raise Unguarded(f"The role {role.name} may make objects in {', '.join(writable)}.")
    if connection.scalar(TEMPORARY, {"readers": roles.READERS}):
        raise Unguarded("Readers may make temporary tables; run `workbench migrate`.")


def left_open(connection: Connection) -> list[str]:
    """What readers can still do that only a superuser can take away; see `hardening.sql`."""
    return list(connection.scalars(LEFT_OPEN, {"readers": roles.READERS}))


def _check_version(number: int) -> None:
    major = number // 10000
    if major < min(FIRST_SAFE):
        raise Unguarded(f"PostgreSQL {major} is too old; {min(FIRST_SAFE)} or newer is needed.")
    if number < FIRST_SAFE.get(major, 0):
        wanted = FIRST_SAFE[major] % 10000
        raise Unguarded(
            f"PostgreSQL {major}.{number % 10000} has a hole in row-level security; "
            f"update to {major}.{wanted} or newer."
        )
