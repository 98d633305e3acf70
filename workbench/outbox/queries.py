"""Statements about outbox messages."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select

from workbench.actor import Actor
from workbench.outbox.models import OutboxMessage


def message(actor: Actor, message_id: UUID) -> Select[OutboxMessage]:
    """A message that the actor's tenant sent, as named by a notification."""
    return select(OutboxMessage).where(
        OutboxMessage.tenant_id == actor.require_tenant(), OutboxMessage.id == message_id
    )


def messages(
    actor: Actor, message_ids: Collection[UUID], topics: Collection[str]
) -> Select[OutboxMessage]:
    """Those of some messages of the actor's tenant that are about certain topics."""
    return select(OutboxMessage).where(
        OutboxMessage.tenant_id == actor.require_tenant(),
        OutboxMessage.id.in_(message_ids),
        OutboxMessage.topic.in_(topics),
    )


def after(actor: Actor, position: int, topics: Collection[str], most: int) -> Select[OutboxMessage]:
    """What left after a position, of the actor's tenant and about certain topics, in its order."""
    return (
        select(OutboxMessage)
        .where(
            OutboxMessage.tenant_id == actor.require_tenant(),
            OutboxMessage.position > position,
            OutboxMessage.topic.in_(topics),
        )
        .order_by(OutboxMessage.position)
        .limit(most)
    )


def newest(actor: Actor) -> Select[OutboxMessage]:
    """The message of the actor's tenant that left last."""
    return (
        select(OutboxMessage)
        .where(
            OutboxMessage.tenant_id == actor.require_tenant(),
            OutboxMessage.position.is_not(None),
        )
        .order_by(OutboxMessage.position.desc())
        .limit(1)
    )
