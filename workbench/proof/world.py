"""Two tenants with a row in every table, and connections for everybody who can log in."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import URL

from workbench.actor import Actor
from workbench.db import roles
from workbench.db.session import Database
from workbench.permissions import Permission, Role
from workbench.proof.planting import Row

APP, READER, TENANT = "app", "reader", "tenant"
LOGINS = (APP, READER, TENANT)
TELL = "select set_config('workbench.actor_token', %s, false)"


@dataclass(slots=True)
class Side:
    """One tenant: its id, its owner as an actor, its rows, and the password of its login."""

    tenant_id: UUID
    member: Actor
    password: str
    planted: dict[str, Row] = field(default_factory=dict)
    members: dict[Role, Actor] = field(default_factory=dict)
    gone: Actor | None = None  # a member whose sign-in has ended

    @property
    def mark(self) -> str:
        """What stands in every row of the tenant and in no row of another."""
        return str(self.tenant_id)

    @property
    def system(self) -> Actor:
        """A task of Workbench's own that may do everything in the tenant."""
        return Actor.of_system("attack", *Permission, tenant_id=self.tenant_id)


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of an attempt: the SQLSTATE of its error or None, how many rows, and the rows."""

    error: str | None
    count: int = 0
    rows: Sequence[Any] = ()

    def __contains__(self, side: Side) -> bool:
        """Whether anything of a tenant was seen."""
        return side.mark in str(self.rows) or side.tenant_id.hex in str(self.rows)


@dataclass(slots=True)
class World:
    """A database with two tenants, and the ways into it; no policy binds the `superuser`."""

    database: Database
    owner: URL
    superuser: psycopg.Connection
    a: Side
    b: Side
    operator: Actor

    def url(self, login: str, side: Side) -> URL:
        """The address for a login: the application's, the readers' or the tenant's own."""
        if login == TENANT:
            reader = self.database.logins.reader
            name = roles.tenant_login(side.tenant_id)
            return reader.set(username=name, password=side.password)
        return {APP: self.database.logins.app, READER: self.database.logins.reader}[login]

    def token(self, login: str, side: Side) -> str:
        """The mightiest token that a login is given: system tasks use the application's only."""
        return self.database.key.mint(side.system if login == APP else side.member)

    @contextmanager
    def connect(
        self, login: str, side: Side, token: str | None = None
    ) -> Iterator[psycopg.Connection]:
        """Connect as a login with the tenant's token, or with another one."""
        with connect(self.url(login, side)) as connection:
            tell(connection, self.token(login, side) if token is None else token)
            yield connection


@contextmanager
def connect(url: URL, **options: Any) -> Iterator[psycopg.Connection]:
    """Connect to an address; every statement is a transaction of its own."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    options = {"autocommit": True, "prepare_threshold": None} | options
    with psycopg.connect(address, **options) as connection:
        yield connection


def tell(connection: psycopg.Connection, token: str) -> None:
    """Tell the connection a token, for all its transactions."""
    connection.execute(TELL, [token])


def attempt(
    connection: psycopg.Connection, statement: str | sql.SQL | sql.Composed, *values: Any
) -> Seen:
    """Try a statement and undo it."""
    try:
        with connection.transaction(force_rollback=True):
            cursor = connection.execute(statement, values or None)
            return Seen(None, cursor.rowcount, cursor.fetchall() if cursor.description else ())
    except psycopg.Error as error:
        if error.sqlstate is None:  # the statement never reached PostgreSQL
            raise
        return Seen(error.sqlstate)
