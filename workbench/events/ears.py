"""What is heard in one process: a single connection listens, and wakes whom it concerns.

Notifications hold ids alone and anybody may send them, so what is heard means no more than that
somebody should look, under its own token. Nothing piles up: an ear knows what to look at, once.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
import structlog
from psycopg.errors import OperationalError
from sqlalchemy.exc import DBAPIError

from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import TooMany
from workbench.events.sharing import Actors, Shared
from workbench.outbox import commands as outbox

CHANNELS = (outbox.CHANNEL, outbox.RUNS, outbox.DATASETS)
MOST_HEARD = 1000  # ids that wait until their tenants are known
MOST_EARS = 20  # of one log-in in one process
BATCH_SECONDS = 0.01
RETRY_SECONDS = 0.5
SYSTEM = Actor.of_system("events")
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Heard:
    """What there is to look at."""

    runs: set[UUID] = field(default_factory=set)
    datasets: set[UUID] = field(default_factory=set)
    is_everything: bool = False


class Ear:
    """Hears for one listener of one tenant."""

    def __init__(self) -> None:
        """Begin with everything to look at."""
        self.heard = Heard()
        self.anything = asyncio.Event()
        self.urgent = asyncio.Event()
        self.miss()

    def hear(self, channel: str, thing: UUID) -> None:
        """Something happened to a thing; a message does not wait for others."""
        if channel == outbox.CHANNEL:
            self.urgent.set()
        else:
            heard = self.heard.runs if channel == outbox.RUNS else self.heard.datasets
            heard.add(thing)
            if len(heard) > MOST_HEARD:
                self.miss()
        self.anything.set()

    def miss(self) -> None:
        """Something may have happened to anything."""
        self.heard = Heard(is_everything=True)
        self.urgent.set()
        self.anything.set()

    async def wait(self, least: float, most: float) -> Heard:
        """Wait for news, at least and at most so many seconds; what is urgent ends any wait."""
        for event, seconds in ((self.urgent, least), (self.anything, most)):
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):  # `wait_for` may swallow a cancellation
                    await event.wait()
        heard, self.heard = self.heard, Heard()
        self.urgent.clear()
        self.anything.clear()
        return heard


class Ears:
    """Every ear of this process; the connection is opened for the first of them."""

    def __init__(self, database: Database) -> None:
        """Listen to nothing yet."""
        self.database = database
        self.shared = Shared()
        self.actors = Actors(database, self.shared)
        self._ears: dict[UUID, dict[Ear, UUID | None]] = {}
        self._waiting: set[tuple[str, UUID]] = set()
        self._heard = asyncio.Event()
        self._has_room = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @contextmanager
    def opened(self, actor: Actor) -> Iterator[Ear]:
        """An ear for what happens in the actor's tenant."""
        tenant_id = actor.require_tenant()
        here = self._ears.setdefault(tenant_id, {})
        if sum(sid == actor.sid for sid in here.values()) >= MOST_EARS:
            raise TooMany(f"A log-in listens at most {MOST_EARS} times; close a page.")
        ear = Ear()
        here[ear] = actor.sid
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._wake())]
        try:
            yield ear
        finally:
            del here[ear]
            if not here:
                self._ears.pop(tenant_id, None)

    async def close(self) -> None:
        """Give the connection back."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []

    async def _listen(self) -> None:
        url = self.database.logins.app.set(drivername="postgresql")
        address = url.render_as_string(hide_password=False)
        while True:
            with suppress(OperationalError, OSError):
                await self._hear(address)
            await asyncio.sleep(RETRY_SECONDS)

    async def _hear(self, address: str) -> None:
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
            for channel in CHANNELS:
                await connection.execute(f"listen {channel}")
            for here in self._ears.values():  # what was said meanwhile was not heard
                for ear in here:
                    ear.miss()
            async for notice in connection.notifies():
                with suppress(ValueError):
                    self._waiting.add((notice.channel, UUID(notice.payload)))
                    self._heard.set()
                while len(self._waiting) >= MOST_HEARD:  # PostgreSQL keeps what comes meanwhile
                    self._has_room.clear()
                    await self._has_room.wait()

    async def _wake(self) -> None:
        while True:
            await self._heard.wait()
            self._heard.clear()
            waiting, self._waiting = self._waiting, set()
            self._has_room.set()
            try:
                await self._tell(waiting)
            except (DBAPIError, OSError) as error:
                log.warning("events_not_told", reason=type(error).__name__)
                self._waiting |= waiting
                self._heard.set()
                await asyncio.sleep(RETRY_SECONDS)
            await asyncio.sleep(BATCH_SECONDS)

    async def _tell(self, waiting: set[tuple[str, UUID]]) -> None:
        if not self._ears:
            return
        async with self.database.session(SYSTEM) as session:
            found = await outbox.tenants_of(session, {thing for _, thing in waiting})
        owners = dict(found)
        for channel, thing in waiting:
            for ear in self._ears.get(owners.get(thing), ()):  # type: ignore[arg-type]
                ear.hear(channel, thing)
