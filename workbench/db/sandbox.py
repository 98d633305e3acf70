"""A disposable database, for notebooks that need several tenants or rights that no tenant has.

It never lies on the server that holds tenants' rows: a server is started for it in a folder of
its own, or a server without tenants is given. Whoever holds a sandbox owns its tables and sees
past its policies, and is no superuser, who could reach files and programs of the machine.
"""

import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL

from workbench.db import keys, roles, schema
from workbench.db.embedded import DATABASE, HARDENING, Embedded, found
from workbench.db.session import Database, Logins
from workbench.errors import Conflict, Unavailable

PREFIX = "workbench-sandbox-"
NAMES = "workbench_sandbox_"
WITNESS = "workbench_witness"  # sees and plants rows of every tenant, in sandboxes alone
ROLES = (*roles.LOGINS, roles.OWNER, WITNESS)
SECRET_BYTES = 32
YOUNG_SECONDS = 60  # an unused folder of this age was left behind
# Nothing of a sandbox needs to survive a crash.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_connections": "100",
}

LOCK = "select pg_try_advisory_lock(hashtext('workbench sandbox'))"
STARTED = "select pg_postmaster_start_time()"
LEFT_DATABASES = "select datname from pg_database where starts_with(datname, %s)"
LEFT_LOGINS = "select rolname from pg_roles where starts_with(rolname, %s) or rolname = %s"

Connect = Callable[[str], psycopg.Connection]
Address = Callable[[str, str], URL]


class SandboxBusy(Unavailable):
    """The server for disposable databases is in use; try again later."""

    code = "sandbox_busy"


class SandboxShared(Conflict):
    """WORKBENCH_SANDBOX_URL names the server of the tenants; name one that holds no tenant."""

    code = "sandbox_shared"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The addresses of a disposable database by role, and the secret key that signs in it."""

    urls: dict[str, URL]
    secret: str

    def database(self) -> Database:
        """The database as Workbench's own roles reach it."""
        app, reader, worker = (self.urls[role] for role in roles.LOGINS)
        return Database(Logins(app, reader, worker), self.secret)


@contextmanager
def disposable(given: URL | None, tenants: URL) -> Iterator[Sandbox]:
    """A migrated database that is gone when the block ends.

    `given` is a superuser of a server for sandboxes, or None to start one; `tenants` is an
    address of the server that it must not be. Raise SandboxBusy or SandboxShared.
    """
    with _started() if given is None else _given(given, tenants) as sandbox:
        yield sandbox


def sweep(given: URL | None) -> None:
    """Remove the sandboxes of workers that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # somebody else removed it, or it belongs to somebody else
            if time.time() - folder.stat().st_mtime > YOUNG_SECONDS:
                _remove(folder)
    if given is not None:
        with _superuser(given) as connection:
            if _is_free(connection):
                _clear(connection)


@contextmanager
def _started() -> Iterator[Sandbox]:
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    server = Embedded(folder / "postgres", options=OPTIONS)
    try:
        server.start()
        yield _prepared(server.superuser, server.url, DATABASE)
    finally:
        server.discard()
        shutil.rmtree(folder, ignore_errors=True)


def _remove(folder: Path) -> None:
    if Embedded(folder / "postgres").discard():
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _given(url: URL, tenants: URL) -> Iterator[Sandbox]:
    with _superuser(url) as connection:
        if _start_of(connection) == _start_of_server(tenants):
            raise SandboxShared
        if not _is_free(connection):
            raise SandboxBusy
        _clear(connection)
        name = NAMES + secrets.token_hex(8)
        try:
            yield _prepared(
                lambda database: _superuser(url, database),
                lambda role, password: url.set(username=role, password=password, database=name),
                name,
            )
        finally:
            _clear(connection)


def _prepared(superuser: Connect, address: Address, database: str) -> Sandbox:
    """Make the database, its roles and its tables."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    passwords = {role: keys.password(secret, role) for role in ROLES}
    with superuser("postgres") as connection:
        found(connection, passwords[roles.OWNER], database)
    urls = {role: address(role, password) for role, password in passwords.items()}
    schema.upgrade(urls[roles.OWNER], (secret,), passwords)
    with superuser(database) as connection:
        connection.execute(HARDENING.read_bytes())
        connection.execute(
            sql.SQL("create role {} login bypassrls password {} in role {}").format(
                sql.Identifier(WITNESS),
                sql.Literal(passwords[WITNESS]),
                sql.Identifier(roles.OWNER),
            )
        )
    return Sandbox(urls, secret)


def _clear(connection: psycopg.Connection) -> None:
    """Drop every sandbox of a given server, and the logins that only it needed."""
    for (name,) in connection.execute(LEFT_DATABASES, [NAMES]).fetchall():
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
    for (name,) in connection.execute(LEFT_LOGINS, [roles.TENANT_PREFIX, WITNESS]).fetchall():
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def _superuser(url: URL, database: str = "postgres") -> psycopg.Connection:
    address = url.set(drivername="postgresql", database=database)
    return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)


def _start_of_server(url: URL) -> object:
    with _superuser(url, str(url.database)) as connection:
        return _start_of(connection)


def _start_of(connection: psycopg.Connection) -> object:
    return connection.execute(STARTED).fetchone()


def _is_free(connection: psycopg.Connection) -> bool:
    return connection.execute(LOCK).fetchone() == (True,)
