"""Sessions that belong to an actor: every transaction begins by telling PostgreSQL who asks."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from psycopg.errors import FeatureNotSupported
from psycopg.pq.abc import PGresult
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState

from workbench.actor import Actor
from workbench.db import telling
from workbench.db.isolation import ActorKey
from workbench.db.soft_delete import hide_deleted
from workbench.db.trips import Sentence, Trips

E = TypeVar("E", Engine, AsyncEngine)

# 46 characters name the login; those of ad-hoc SQL are followed by more, which names the statement.
# A name can be borrowed, so only backends of roles whose privileges we have are touched. A reader
# between two fetches runs nothing that could be cancelled, but its cursor is still open.
CANCEL = text(
    "select case when state = 'active' or usename = session_user then pg_cancel_backend(pid) "
    "else pg_terminate_backend(pid) end from pg_stat_activity "
    "where left(application_name, 46) = any (:names) and pid <> pg_backend_pid() "
    "and pg_has_role(usesysid, 'usage')"
)
ENDED = "ended"  # in a session's info: what is cancelled once it has committed


class ActorSession(Session):
    """A session whose transactions all carry the token of one actor."""


hide_deleted(ActorSession)


@event.listens_for(ActorSession, "after_begin")
def _tell(session: Session, _: SessionTransaction, connection: Connection) -> None:
    actor: Actor = session.info["actor"]
    key: ActorKey = session.info["key"]
    telling.tell(connection, key.mint(actor), _name(actor))


async def tell(session: AsyncSession, actor: Actor) -> None:
    """Tell PostgreSQL that another actor asks, until the transaction or its savepoint ends."""
    key: ActorKey = session.info["key"]
    await session.execute(telling.TELL, {"token": key.mint(actor), "name": _name(actor)})


def _name(actor: Actor) -> str:
    return f"workbench {actor.sid or actor.subject}"


def label(actor: Actor, statement: UUID) -> str:
    """The name of one statement's connection: 63 characters, as many as PostgreSQL keeps."""
    return f"{_name(actor)} {statement.hex[16:]}"


def _forget(connection: Any, _: ConnectionPoolEntry, state: PoolResetState) -> None:
    """Give a connection back as it was new: people's own SQL ran on it."""
    if state.terminate_only or not state.asyncio_safe:
        return
    connection.rollback()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("discard all")
    cursor.close()
    connection.autocommit = False


def _renew(context: ExceptionContext) -> None:
    """Give up connections whose prepared statements a change of a table has made worthless."""
    error = context.original_exception
    if isinstance(error, FeatureNotSupported) and "cached plan" in str(error):
        context.is_disconnect = True


def panes(actor: Actor) -> dict[str, str]:
    """The schemas that the application reads in the place of those that statements name."""
    return {} if actor.lens is None else {actor.lens: actor.lens.replace("lens", "pane", 1)}


def _through(engine: E, actor: Actor) -> E:
    """The engine of an actor who sees part of a dataset: a lens is for readers, a pane for us."""
    schemas = panes(actor)
    return engine.execution_options(schema_translate_map=schemas) if schemas else engine


@dataclass(frozen=True, slots=True)
class Logins:
    """The addresses of one database for the roles that Workbench connects as."""

    app: URL
    reader: URL
    worker: URL


class Database:
    """The engines of one database, async and sync alike, and the key that signs for actors."""

    def __init__(self, logins: Logins, secret: str, **engine_options: Any) -> None:
        """Prepare the engines; none connects before it is needed."""
        self.logins = logins
        self.key = ActorKey(secret)
        self._options = {"pool_pre_ping": True, "pool_size": 10} | engine_options

    @asynccontextmanager
    async def session(self, actor: Actor) -> AsyncIterator[AsyncSession]:
        """Open the actor's session as the application; it commits unless something is raised."""
        async with self._session(_through(self.app, actor), actor) as session:
            yield session

    @asynccontextmanager
    async def reading(self, actor: Actor) -> AsyncIterator[AsyncSession]:
        """Open the actor's session as the reader, who sees views and changes nothing."""
        async with self._session(self.reader, actor) as session:
            yield session

    @contextmanager
    def sync_session(self, actor: Actor) -> Iterator[Session]:
        """Open the actor's session as the application, for code that does not await."""
        session = ActorSession(
            _through(self.sync_app, actor),
            expire_on_commit=False,
            info={"actor": actor, "key": self.key},
        )
        with session, session.begin():
            yield session

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine, actor: Actor) -> AsyncIterator[AsyncSession]:
        session = AsyncSession(
            engine,
            sync_session_class=ActorSession,
            expire_on_commit=False,
            info={"actor": actor, "key": self.key},
        )
        async with session, session.begin():
            yield session
        if ended := session.info.get(ENDED):
            await self.cancel_statements(*ended)

    async def trip(
        self, actor: Actor, token: str, said: Sentence, values: Sequence[Any]
    ) -> PGresult:
        """Do one statement as the application, told the actor's token, and commit: all at once."""
        return await self.trips.take(token, _name(actor), said, values)

    async def cancel_statements(self, *sids: Any) -> None:
        """Cancel what still runs for logins or runs that have ended."""
        async with self.app.begin() as connection:
            await connection.execute(CANCEL, {"names": [f"workbench {sid}" for sid in sids]})

    @cached_property
    def app(self) -> AsyncEngine:
        """The engine of the application."""
        engine = create_async_engine(self.logins.app, **self._options)
        event.listen(engine.sync_engine, "handle_error", _renew)
        return engine

    @cached_property
    def lookups(self) -> AsyncEngine:
        """The application's engine for single statements that need no transaction."""
        return self.app.execution_options(isolation_level="AUTOCOMMIT")

    @cached_property
    def trips(self) -> Trips:
        """The application's connections for single statements that are transactions."""
        options = self._options.get("connect_args", {})
        return Trips(self.logins.app, self._options["pool_size"], **options)

    @cached_property
    def reader(self) -> AsyncEngine:
        """The engine of the readers."""
        # DISCARD ALL drops prepared statements behind the driver's back: it must prepare none.
        options = {"connect_args": {"prepare_threshold": None}} | self._options
        engine = create_async_engine(self.logins.reader, **options)
        event.listen(engine.sync_engine, "reset", _forget)
        return engine

    @cached_property
    def sync_app(self) -> Engine:
        """The engine of the application, for code that does not await."""
        engine = create_engine(self.logins.app, **self._options)
        event.listen(engine, "handle_error", _renew)
        return engine

    async def close(self) -> None:
        """Give back every connection."""
        for name in ("app", "reader"):
            if name in self.__dict__:
                await self.__dict__[name].dispose()
        if "trips" in self.__dict__:
            await self.trips.close()
        if "sync_app" in self.__dict__:
            self.sync_app.dispose()
