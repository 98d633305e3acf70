"""What a process of dashboards hears for its visitors: one feed for each log-in, however many tabs.

A feed looks with the visitor's own token, so what it tells is what the visitor may see. No database
connection is held, and of what was told nothing is kept here.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy.exc import SQLAlchemyError

from workbench.db.session import Database
from workbench.errors import TooMany, Unauthenticated
from workbench.events.ears import Ears
from workbench.events.feed import READY, listening
from workbench.events.schemas import Event
from workbench.identity.tokens import Claims

RETRY_SECONDS = 1.0
CROWDED_SECONDS = 30.0  # where trying again soon would not help
log = structlog.stdlib.get_logger(__name__)


class Kind(StrEnum):
    """What happened to what: the first word of an event's topic."""

    DATASETS = "dataset"
    IMPORTS = "imports"
    MEMBERS = "member"
    NOTICES = "notice"
    RUNS = "run"


@dataclass(frozen=True, slots=True)
class Happened:
    """Things of one kind to which something happened: names of datasets, ids of all else.

    Without any it may have happened to each of them.
    """

    kind: Kind
    names: frozenset[str] = frozenset()


KINDS = frozenset(Kind)
EVERYTHING = tuple(Happened(kind) for kind in Kind)
Tell = Callable[[Collection[Happened]], None]


class Hearing:
    """The visits that listen in this process."""

    def __init__(self, database: Database, ears: Ears) -> None:
        """Listen to nothing yet."""
        self._database = database
        self._ears = ears
        self._told: dict[Claims, list[Tell]] = {}
        self._tasks: dict[Claims, asyncio.Task[None]] = {}

    def join(self, claims: Claims, tell: Tell) -> Callable[[], None]:
        """Tell of what a log-in may hear from now on; the answer ends it.

        Whoever begins to listen is told that anything may have happened.
        """
        self._told.setdefault(claims, []).append(tell)
        if claims not in self._tasks:
            self._tasks[claims] = asyncio.create_task(self._follow(claims))

        def leave() -> None:
            told = self._told.get(claims, [])
            if tell in told:
                told.remove(tell)
            if not told:
                self._end(claims)

        return leave

    @property
    def feeds(self) -> int:
        """How many log-ins are listened for."""
        return len(self._tasks)

    async def aclose(self) -> None:
        """Listen no more."""
        tasks = [*self._tasks.values()]
        for claims in [*self._tasks]:
            self._end(claims)
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    def _end(self, claims: Claims) -> None:
        self._told.pop(claims, None)
        task = self._tasks.pop(claims, None)
        if task is not None:
            task.cancel()

    async def _follow(self, claims: Claims) -> None:
        """Listen until the log-in ends; begin anew when PostgreSQL is back."""
        while True:
            seconds = RETRY_SECONDS
            try:
                await self._listen(claims)
            except Unauthenticated:
                break
            except TooMany:
                seconds = CROWDED_SECONDS
            except (SQLAlchemyError, OSError) as error:
                log.info("a feed broke", reason=type(error).__name__)
            except Exception:
                seconds = CROWDED_SECONDS
                log.exception("a feed failed")
            await asyncio.sleep(seconds)
        self._told.pop(claims, None)
        self._tasks.pop(claims, None)

    async def _listen(self, claims: Claims) -> None:
        async with listening(self._database, self._ears, claims) as feed:
            while True:
                happened = sorted_out(await feed.next())
                for tell in [*self._told.get(claims, ())] if happened else ():
                    tell(happened)


def sorted_out(events: Collection[Event]) -> Collection[Happened]:
    """What happened to what; everything when a feed has only begun."""
    named: dict[Kind, set[str]] = {}
    for event in events:
        if event.topic == READY:
            return EVERYTHING
        word = event.topic.partition(".")[0]
        if word in KINDS:
            kind = Kind(word)
            name = event.data["name" if kind is Kind.DATASETS else "id"]
            named.setdefault(kind, set()).add(str(name))
    return [Happened(kind, frozenset(names)) for kind, names in named.items()]
