"""A feed: what one listener has not been told yet, each time under the rights it has then."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.events import showing
from workbench.events.ears import Ear, Ears, Heard
from workbench.events.schemas import Event, Opening
from workbench.identity.tokens import Claims
from workbench.outbox import queries as outbox
from workbench.outbox.models import OutboxMessage
from workbench.permissions import Permission
from workbench.runs import logs

PAGE = 200
LEAST_SECONDS = 0.1  # between two newest states of one thing
MOST_SECONDS = 2.0  # between two looks, also when nothing is heard
CHANGED, REMOVED = "dataset.changed", "dataset.removed"
READY = "ready"
MISSED = "missed"


class Looked(NamedTuple):
    """What one look has found: messages and events of them, newest states, and how far it saw."""

    messages: list[OutboxMessage]
    told: list[Event]
    newest: list[Event]
    position: int
    has_more: bool


class Feed:
    """Tells one listener what happens, from where it stopped listening.

    Listeners who hold the same rights, stand at the same place and heard the same share one look.
    """

    def __init__(self, ears: Ears, claims: Claims, ear: Ear, opening: Opening) -> None:
        """Listen with an ear for whoever the claims name."""
        self._database = ears.database
        self._ears = ears
        self._claims = claims
        self._ear = ear
        self._logs = dict(opening.logs)
        self._noted: set[UUID] = set()
        self._last_id = opening.last_id
        self._position: int | None = None
        self._datasets: dict[UUID, tuple[str, int]] = {}  # name and version of those told

    async def next(self) -> list[Event]:
        """Wait for what happens next; raise SignedOut once the listener has no access.

        An empty answer says that a while has passed and that the access lasts.
        """
        if self._position is None:
            return await self._begin()
        # All who hear nothing look at the same moment, so that one look serves them.
        heard = await self._ear.wait(LEAST_SECONDS, MOST_SECONDS - monotonic() % MOST_SECONDS)
        actor = await self._ears.actors.of(self._claims)
        looked = await self._looked(actor, heard)
        self._position = looked.position
        if looked.has_more:
            self._ear.urgent.set()
            self._ear.anything.set()
        events = [event for event in looked.newest if self._is_newer(event)]
        gone = self._gone(heard, looked.newest)
        told = await self._told(actor, looked)
        return [*told, *events, *gone, *await self._printed(actor, heard)]

    async def _looked(self, actor: Actor, heard: Heard) -> Looked:
        position = self._position or 0
        # Who sees parts may be shown what nobody else is.
        person = actor.user_id if actor.grants else None
        rights = actor.tenant_id, actor.permissions, actor.grants, person
        things = heard.is_everything, frozenset(heard.runs), frozenset(heard.datasets)
        look = partial(_look, self._database, actor, heard, position)
        try:
            found: Looked = await self._ears.shared.get((rights, things, position), look)
        except SQLAlchemyError:  # whose rights the look had may have lost them, or this one
            actor = await self._ears.actors.of(self._claims)
            return await _look(self._database, actor, heard, position)
        return found

    async def _begin(self) -> list[Event]:
        """Find out where the listener stands; what is heard from now on comes after it."""
        actor = await access.actor_of(self._database, self._claims)
        async with self._database.session(actor) as session:
            newest = await session.scalar(outbox.newest(actor))
            known = None
            if self._last_id is not None:
                known = await session.scalar(outbox.message(actor, self._last_id))
        found = known if known is not None and known.position is not None else newest
        self._position = (found.position or 0) if found is not None else 0
        is_missed = self._last_id is not None and found is not known
        topic = MISSED if is_missed else READY
        return [Event(id=found.id if found is not None else None, topic=topic, data={})]

    def _is_newer(self, event: Event) -> bool:
        """Whether a newest state is news; a run's always is."""
        if event.topic != CHANGED:
            return True
        dataset_id = UUID(event.data["id"])
        told = event.data["name"], int(event.data["version"])
        is_newer = self._datasets.get(dataset_id) != told
        self._datasets[dataset_id] = told
        return is_newer

    def _gone(self, heard: Heard, newest: Sequence[Event]) -> list[Event]:
        """Datasets that were told, and are not there any more or not shown."""
        there = {UUID(event.data["id"]) for event in newest if event.topic == CHANGED}
        known = self._datasets.keys()
        gone = (known if heard.is_everything else known & heard.datasets) - there
        names = {id_: self._datasets.pop(id_)[0] for id_ in gone}
        return [Event(topic=REMOVED, data={"id": str(id_), "name": names[id_]}) for id_ in names]

    async def _told(self, actor: Actor, looked: Looked) -> list[Event]:
        """What messages tell, in their order; of those for one person, what this one is told."""
        personal = [one for one in looked.messages if one.topic in showing.PERSONAL]
        if not personal:
            return looked.told
        async with self._database.session(actor) as session:
            own = await showing.told(session, actor, personal)
        places: dict[UUID | None, int] = {each.id: at for at, each in enumerate(looked.messages)}
        return sorted([*looked.told, *own], key=lambda event: places[event.id])

    async def _printed(self, actor: Actor, heard: Heard) -> list[Event]:
        wanted = self._logs if heard.is_everything else self._logs.keys() & heard.runs
        if not wanted or not actor.may_somewhere(Permission.RUN_READ):
            return []
        async with self._database.session(actor) as session:
            found = [await self._printed_by(session, actor, run_id) for run_id in wanted]
        return [event for event in found if event is not None]

    async def _printed_by(self, session: AsyncSession, actor: Actor, run_id: UUID) -> Event | None:
        printed = await logs.read(session, actor, run_id, self._logs[run_id])
        if not printed.text:
            return None
        if run_id not in self._noted:
            logs.note(session, actor, run_id)
            self._noted.add(run_id)
        self._logs[run_id] = printed.position
        data = {"run_id": str(run_id), **printed.model_dump()}
        return Event(topic="run.printed", data=data)


async def _look(database: Database, actor: Actor, heard: Heard, position: int) -> Looked:
    async with database.session(actor) as session:
        statement = outbox.after(actor, position, showing.TOPICS, PAGE)
        messages = [*(await session.scalars(statement))]
        shared = [one for one in messages if one.topic not in showing.PERSONAL]
        told = await showing.told(session, actor, shared)
        newest: list[Event] = []
        if heard.runs or heard.is_everything:
            runs = None if heard.is_everything else heard.runs
            newest += await showing.runs(session, actor, runs)
        if heard.datasets or heard.is_everything:
            datasets = None if heard.is_everything else heard.datasets
            newest += await showing.datasets(session, actor, datasets)
    seen = messages[-1].position if messages else None
    return Looked(messages, told, newest, seen or position, len(messages) == PAGE)


@asynccontextmanager
async def listening(
    database: Database, ears: Ears, claims: Claims, opening: Opening | None = None
) -> AsyncIterator[Feed]:
    """A feed of what happens in a log-in's tenant; pages and dashboards await its `next`."""
    actor = await access.actor_of(database, claims)
    with ears.opened(actor) as ear:
        yield Feed(ears, claims, ear, opening or Opening())
