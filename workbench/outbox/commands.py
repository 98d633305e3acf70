"""Putting messages into the outbox, and marking them sent."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.db import forgetting
from workbench.outbox import queries
from workbench.outbox.models import OutboxMessage
from workbench.permissions import Permission

CHANNEL = "workbench_events"
ENDED = "workbench_ended"
RUNS = "workbench_runs"
DATASETS = "workbench_datasets"  # PostgreSQL itself tells of them
DUE = "workbench_due"  # as of messages that are to leave
LOCK = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
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


async def hold(session: AsyncSession, tenant_id: UUID) -> None:
    """Let nobody else send a tenant's messages until this transaction ends."""
    await session.execute(LOCK, {"name": f"outbox {tenant_id}"})


async def mark_sent(session: AsyncSession, tenant_id: UUID, message_id: UUID, at: datetime) -> bool:
    """Mark a held tenant's message as sent, after all others; False when it was sent already."""
    last = select(func.coalesce(func.max(OutboxMessage.position), 0) + 1).where(
        OutboxMessage.tenant_id == tenant_id
    )
    statement = (
        update(OutboxMessage)
        .where(
            OutboxMessage.tenant_id == tenant_id,
            OutboxMessage.id == message_id,
            OutboxMessage.sent_at.is_(None),
        )
        .values(sent_at=at, position=last.scalar_subquery())
        .returning(OutboxMessage.id)
    )
    return (await session.execute(statement)).first() is not None


async def notify(session: AsyncSession, message_id: UUID) -> None:
    """Tell every listener the id of a message, once this transaction commits.

    Anybody may listen: who hears the id fetches the message under a token of its own.
    """
    await session.execute(NOTIFY, {"channel": CHANNEL, "message": str(message_id)})


async def stir(session: AsyncSession, run_id: UUID) -> None:
    """Tell every listener that a run has come further, once this transaction commits."""
    await session.execute(NOTIFY, {"channel": RUNS, "message": str(run_id)})


async def tenants_of(session: AsyncSession, ids: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """Each of some ids that were heard, with the tenant that it is of."""
    statement = text("select id, tenant_id from workbench.tenants_of(cast(:ids as uuid[]))")
    return [(row.id, row.tenant_id) for row in await session.execute(statement, {"ids": [*ids]})]


async def call(session: AsyncSession, run_id: UUID) -> None:
    """Bid the worker that holds a run to look at it, once this transaction commits."""
    await session.execute(NOTIFY, {"channel": ENDED, "message": str(run_id)})


async def forget(session: AsyncSession, actor: Actor, before: datetime) -> int:
    """Forget some messages of the tenant that left before a time; answer how many.

    The one that left last stays, whose position the next one follows.
    """
    actor.require(Permission.TENANT_MANAGE)
    last = queries.newest(actor).with_only_columns(OutboxMessage.id).scalar_subquery()
    return await forgetting.forget(
        session,
        OutboxMessage,
        OutboxMessage.tenant_id == actor.require_tenant(),
        OutboxMessage.sent_at < before,
        OutboxMessage.id.is_distinct_from(last),
    )
