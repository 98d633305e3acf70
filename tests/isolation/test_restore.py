"""A dump that was restored guards its rows as the original does (R44)."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import create_engine

from tests.isolation.world import APP, LOGINS, World, attempt, connect, tell
from workbench.db import connect as addresses
from workbench.db import guard, roles, schema
from workbench.db.isolation import ActorKey
from workbench.proof import catalogue
from workbench.settings import Settings

NAME = "restored"
SNAPSHOTS = {
    "tables": "select c.oid::regclass::text, relrowsecurity, relforcerowsecurity, "
    "pg_get_userbyid(relowner), array(select unnest(relacl)::text order by 1), reloptions "
    "from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = any (%s) "
    "and relkind in ('r', 'v', 'S') order by 1",
    "policies": "select c.oid::regclass::text, polname, polcmd, polpermissive, "
    "array(select pg_get_userbyid(unnest(polroles)) order by 1), "
    "pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) "
    "from pg_policy p join pg_class c on c.oid = polrelid join pg_namespace n "
    "on n.oid = relnamespace where nspname = any (%s) order by 1, 2",
    "functions": "select p.oid::regprocedure::text, pg_get_userbyid(proowner), prosecdef, "
    "proconfig, array(select unnest(proacl)::text order by 1), prosrc from pg_proc p "
    "join pg_namespace n on n.oid = pronamespace where nspname = any (%s) order by 1",
    "triggers": "select pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c "
    "on c.oid = tgrelid join pg_namespace n on n.oid = relnamespace "
    "where not tgisinternal and nspname = any (%s) order by 1",
    "schemas": "select nspname, pg_get_userbyid(nspowner), "
    "array(select unnest(nspacl)::text order by 1) from pg_namespace where nspname = any (%s) "
    "order by 1",
    "samples": "select attrelid::regclass::text, attname, coalesce(attstattarget, -1) "
    "from pg_attribute join pg_class c on c.oid = attrelid join pg_namespace n "
    "on n.oid = relnamespace where attnum > 0 and not attisdropped and nspname = any (%s) "
    "and relkind = 'r' order by 1, 2",
}


@pytest.fixture(scope="module")
def restored(
    world: World, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[psycopg.Connection]:
    """The world, dumped without its keys, restored into an empty database and migrated."""
    file = tmp_path_factory.mktemp("dump") / "isolation"
    _tool(
        world, "pg_dump", "-Fc", "-f", str(file), "-d", "isolation",
        "--exclude-table-data=workbench_private.actor_keys",
        "--exclude-table-data=workbench_private.live",
    )  # fmt: skip
    owner = addresses.login_url(settings, roles.OWNER).set(database=NAME)
    world.server.ensure_database(str(owner.password), NAME)
    _tool(world, "pg_restore", "--exit-on-error", "-d", NAME, str(file))
    with world.server.superuser(NAME) as superuser:
        assert attempt(superuser, "select * from workbench_private.actor_keys").count == 0
        passwords = {r: str(addresses.login_url(settings, r).password) for r in roles.LOGINS}
        schema.upgrade(owner, ("a new key for the restored database",), passwords)
        yield superuser


def _tool(world: World, name: str, *arguments: str) -> None:
    found = attempt(world.superuser, "select setting from pg_config where name = 'BINDIR'")
    program = Path(found.rows[0][0]) / name
    address = ["-h", str(world.server.socket), "-p", "5432", "-U", "postgres"]
    subprocess.run([program, *address, *arguments], check=True, capture_output=True)


def _snapshot(connection: psycopg.Connection, name: str) -> list[Any]:
    return connection.execute(SNAPSHOTS[name], [[*catalogue.OURS, "queue"]]).fetchall()


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_the_catalogue_is_the_same(world: World, restored: psycopg.Connection, name: str) -> None:
    """ENABLE, FORCE, policies, grants, owners, search paths and triggers came along."""
    before = _snapshot(world.superuser, name)
    assert before
    assert _snapshot(restored, name) == before


def test_every_row_came_along(world: World, restored: psycopg.Connection) -> None:
    """The dump holds both tenants' rows in every table."""
    for table in catalogue.tenant_tables(world.superuser):
        seen = attempt(restored, sql.SQL("select * from {}").format(table.sql))
        assert world.a in seen, str(table)
        assert world.b in seen, str(table)


def test_the_guard_lets_the_application_serve(world: World, restored: psycopg.Connection) -> None:
    """After the migration, start-up finds nothing open, in the database's own rights either."""
    del restored
    engine = create_engine(world.database.logins.app.set(database=NAME))
    with engine.connect() as connection:
        guard.check(connection)
        assert guard.left_open(connection) == []
    engine.dispose()


@pytest.mark.parametrize("login", LOGINS)
def test_old_tokens_are_worth_nothing(
    world: World, restored: psycopg.Connection, login: str
) -> None:
    """The old key is not in the dump; a task's token of the new one sees its tenant alone."""
    del restored
    new = ActorKey("a new key for the restored database").mint(world.a.system)
    with connect(world.url(login, world.a).set(database=NAME)) as connection:
        assert attempt(connection, "select * from data.secrets").rows == []
        tell(connection, world.token(login, world.a))
        assert attempt(connection, "select * from data.secrets").error == "42501"
        tell(connection, new)
        seen = attempt(connection, "select * from data.secrets")
        assert world.b not in seen
        assert (world.a in seen) == (login != "tenant")
        assert (seen.error is None) == (login in (APP, "reader"))
