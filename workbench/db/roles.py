"""The roles of PostgreSQL: none is a superuser, none bypasses row-level security.

Roles belong to a whole server, so no migration can make them; `migrate` calls `ensure` first.
"""

from uuid import UUID

import psycopg
from psycopg import sql

OWNER = "workbench_owner"
APP = "workbench_app"
READER = "workbench_reader"
WORKER = "workbench_worker"
READERS = "workbench_readers"  # what the reader and the tenants' logins may do
VIEWER = "workbench_viewer"
KEEPER = "workbench_keeper"
GUARD = "workbench_guard"
LENS = "workbench_lens"
STEWARD = "workbench_steward"

LOGINS = (APP, READER, WORKER)
GROUPS = (READERS, VIEWER, KEEPER, GUARD, LENS, STEWARD)
PATHS = {APP: "workbench", READER: "data, views", WORKER: "queue"}
TENANT_PREFIX = "workbench_tenant_"


def tenant_login(tenant_id: UUID) -> str:
    """The name of the login that a tenant's notebooks use."""
    return TENANT_PREFIX + tenant_id.hex


def ensure(connection: psycopg.Connection, passwords: dict[str, str]) -> None:
    """Make the roles that are missing and set the logins' passwords, as the owner."""
    for group in GROUPS:
        if _create(connection, group, "nologin"):
            # Giving a function or a view to a group asks for SET; dropping a view for INHERIT.
            _run(connection, "grant {} to {} with set true", group, OWNER)
            inherit = "true" if group == VIEWER else "false"
            _run(connection, f"grant {{}} to {{}} with inherit {inherit}", group, OWNER)
    for login in LOGINS:
        _create(connection, login, "login")
        secret = sql.Literal(passwords[login])
        connection.execute(
            sql.SQL("alter role {} password {}").format(sql.Identifier(login), secret)
        )
        _run(connection, f"alter role {{}} set search_path = {PATHS[login]}", login)
    _run(connection, "grant {} to {}", READERS, READER)
    # So that the application can cancel what a reader still runs when its login has ended.
    _run(connection, "grant {} to {} with inherit true, set false", READER, APP)
    _run(connection, "grant {} to {} with set true, inherit true", WORKER, OWNER)


def _create(connection: psycopg.Connection, role: str, option: str) -> bool:
    if connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
        return False
    _run(connection, f"create role {{}} {option}", role)
    return True


def _run(connection: psycopg.Connection, template: str, *names: str) -> None:
    identifiers = [sql.Identifier(name) for name in names]
    connection.execute(sql.SQL(template).format(*identifiers))
