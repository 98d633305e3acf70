"""Putting messages into the outbox, and marking them sent."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.outbox.models import OutboxMessage

CHANNEL = "workbench_events"
ENDED = "workbench_ended"
NOTIFY = text("select pg_notify(:channel, :message)")


def put(session: AsyncSession, actor: Actor, topic: str, **ids: UUID) -> None:
    """Put a message that leaves when the transaction commits."""
    payload = {name: str(value) for name, value in ids.items()}
    message = OutboxMessage(tenant_id=actor.require_tenant(), topic=topic, payload=payload)
    session.add(message)


async def due(session: AsyncSession, most: int) -> list[tuple[UUID, UUID]]:
    """The tenant and id of the oldest unsent messages of all tenants."""
    rows = await session.execute(text("select * from workbench.outbox_due(:most)"), {"most": most})
    return [(row.tenant_id, row.id) for row in rows]


async def mark_sent(session: AsyncSession, tenant_id: UUID, message_id: UUID, at: datetime) -> bool:
    """Mark a message as sent; answer False when somebody else was first."""
    statement = (
        update(OutboxMessage)
        .where(
            OutboxMessage.tenant_id == tenant_id,
            OutboxMessage.id == message_id,
            OutboxMessage.sent_at.is_(None),
        )
        .values(sent_at=at)
        .returning(OutboxMessage.id)
    )
    return (await session.execute(statement)).first() is not None


async def notify(session: AsyncSession, message_id: UUID) -> None:
    """Tell every listener the id of a message, once this transaction commits.

    Anybody may listen: who hears the id fetches the message under a token of its own.
    """
    await session.execute(NOTIFY, {"channel": CHANNEL, "message": str(message_id)})


async def call(session: AsyncSession, run_id: UUID) -> None:
    """Bid the worker that holds a run to look at it, once this transaction commits."""
    await session.execute(NOTIFY, {"channel": ENDED, "message": str(run_id)})
