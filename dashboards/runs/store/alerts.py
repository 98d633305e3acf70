"""What the visitor wants to be told of runs, and by which way."""

from dataclasses import dataclass
from uuid import UUID

from dashboards.runs.store.desk import Desk
from workbench.errors import Invalid
from workbench.notifications import subscriptions
from workbench.notifications.models import Channel, Event
from workbench.notifications.subscriptions import NewSubscription


@dataclass(frozen=True, slots=True)
class Alert:
    """One subscription; without a notebook it is about all of them."""

    id: UUID
    event: str
    title: str
    channel: str


class AlertStore:
    """Asks about the visitor's own subscriptions and changes them."""

    def __init__(self, desk: Desk) -> None:
        """Remember who asks; nothing is read yet."""
        self._desk = desk

    async def alerts(self) -> list[Alert]:
        """What the visitor is told of, the oldest first."""
        statement = subscriptions.subscriptions(self._desk.actor)
        async with self._desk.session() as session:
            found = (await session.scalars(statement)).all()
        return [
            Alert(each.id, each.event, self._desk.title(each.notebook or ""), each.channel)
            for each in sorted(found, key=lambda each: each.id)
        ]

    async def subscribe(self, event: str, notebook: str, channel: str) -> None:
        """Have the visitor told of something from now on."""
        try:
            new = NewSubscription(
                event=Event(event), notebook=notebook or None, channel=Channel(channel)
            )
        except ValueError as error:
            raise Invalid("Choose what to be told, of which notebook, and how.") from error
        async with self._desk.session() as session:
            await subscriptions.subscribe(session, self._desk.actor, new)

    async def unsubscribe(self, alert_id: UUID) -> None:
        """Have the visitor told of something no more."""
        async with self._desk.session() as session:
            await subscriptions.unsubscribe(session, self._desk.actor, alert_id)
