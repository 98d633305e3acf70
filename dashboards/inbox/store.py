"""The only way from the inbox to the database, as the visitor."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from dashboards.visits import Visit
from workbench.notebooks.shelf import Shelf
from workbench.notifications import subscriptions
from workbench.notifications.models import Channel, Event, Notice, Subscription
from workbench.permissions import Permission


@dataclass(frozen=True, slots=True)
class Told:
    """Something that the visitor was told of a run."""

    id: UUID
    run: UUID
    event: Event
    notebook: str
    text: str
    at: datetime
    is_new: bool


@dataclass(frozen=True, slots=True)
class Inbox:
    """The newest of what was told, how much of all is new, and whether there is more."""

    told: list[Told]
    unread: int
    has_more: bool


class Store:
    """Asks and changes for one visit."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._actor = visit.actor
        self._database = visit.house.database
        self._shelf = Shelf(visit.house.notebooks)

    @property
    def may_hear(self) -> bool:
        """Whether there is anything that the visitor could be told."""
        return self._actor.tenant_id is not None and self._actor.may_somewhere(Permission.RUN_READ)

    async def inbox(self, most: int) -> Inbox:
        """What the visitor was told, the newest first."""
        actor = self._actor
        statement = subscriptions.notices(actor).order_by(Notice.id.desc()).limit(most + 1)
        async with self._database.session(actor) as session:
            found = (await session.scalars(statement)).all()
            unread = await session.scalar(subscriptions.unread(actor)) or 0
        titles = {notebook.name: notebook.title for notebook in self._shelf.all()}
        told = [
            Told(
                id=notice.id,
                run=notice.run_id,
                event=Event(notice.event),
                notebook=titles.get(notice.notebook, notice.notebook),
                text=notice.text,
                at=notice.created_at,
                is_new=notice.read_at is None,
            )
            for notice in found[:most]
        ]
        return Inbox(told, unread, has_more=len(found) > most)

    async def mark_read(self, notice_id: UUID, now: datetime | None = None) -> None:
        """Note that the visitor has read one."""
        async with self._database.session(self._actor) as session:
            await subscriptions.mark_read(session, self._actor, notice_id, now or datetime.now(UTC))

    async def mark_all_read(self, now: datetime | None = None) -> int:
        """Note that the visitor has read all; answer how many."""
        async with self._database.session(self._actor) as session:
            return await subscriptions.mark_all_read(session, self._actor, now or datetime.now(UTC))

    async def wishes(self) -> dict[Event, Channel | None]:
        """How the visitor hears of each event of all notebooks; None for not at all."""
        statement = subscriptions.subscriptions(self._actor).where(Subscription.notebook.is_(None))
        async with self._database.session(self._actor) as session:
            found = {each.event: each.channel for each in await session.scalars(statement)}
        return {event: Channel(found[event]) if event in found else None for event in Event}

    async def wish(self, event: Event, channel: Channel | None) -> None:
        """Let the visitor hear of an event by a channel, or not at all."""
        async with self._database.session(self._actor) as session:
            await subscriptions.prefer(session, self._actor, event, channel)
