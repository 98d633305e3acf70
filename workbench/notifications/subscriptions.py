"""What members want to hear of, and what they were told in the house; each has his own."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import forgetting, soft_delete
from workbench.errors import Conflict, Forbidden, NotFound
from workbench.notifications.models import Channel, Event, Notice, Subscription
from workbench.outbox import commands as outbox
from workbench.permissions import Permission

WRITTEN = "notice.written"
READ = "notice.read"


class NewSubscription(BaseModel):
    """The order of a subscription; without a notebook it is to all of them."""

    model_config = ConfigDict(extra="forbid")

    event: Event
    notebook: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] | None = None
    channel: Channel = Channel.APP


class SubscriptionView(BaseModel):
    """What a member wants to hear of, and how."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    event: Event
    notebook: str | None
    channel: Channel
    created_at: datetime


class NoticeView(BaseModel):
    """What a member was told of one final state of a run."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    event: Event
    run_id: UUID
    attempt: int
    notebook: str
    text: str
    created_at: datetime
    read_at: datetime | None


class SubscribedAlready(Conflict):
    """You have this subscription already; delete it to choose another channel."""

    code = "subscribed_already"


def subscriptions(actor: Actor) -> Select[Subscription]:
    """The actor's own subscriptions in his tenant."""
    actor.require_somewhere(Permission.RUN_READ)
    return select(Subscription).where(
        Subscription.tenant_id == actor.require_tenant(), Subscription.user_id == actor.user_id
    )


def wanting(actor: Actor, notebook: str) -> Select[Subscription]:
    """Every subscription of the tenant that runs of a notebook concern, for the task that tells."""
    actor.require(Permission.MAIL_SEND)
    return select(Subscription).where(
        Subscription.tenant_id == actor.require_tenant(),
        Subscription.notebook.is_(None) | (Subscription.notebook == notebook),
    )


def notices(actor: Actor) -> Select[Notice]:
    """What the actor was told in his tenant."""
    actor.require_somewhere(Permission.RUN_READ)
    return select(Notice).where(
        Notice.tenant_id == actor.require_tenant(), Notice.user_id == actor.user_id
    )


def unread(actor: Actor) -> Select[int]:
    """How much of what the actor was told is not marked as read."""
    actor.require_somewhere(Permission.RUN_READ)
    return (
        select(func.count())
        .select_from(Notice)
        .where(
            Notice.tenant_id == actor.require_tenant(),
            Notice.user_id == actor.user_id,
            Notice.read_at.is_(None),
        )
    )


async def subscribe(session: AsyncSession, actor: Actor, new: NewSubscription) -> Subscription:
    """Let the actor hear of something from now on."""
    actor.require_somewhere(Permission.RUN_READ)
    if new.notebook is not None:
        actor.require(Permission.RUN_READ, new.notebook)
    if actor.user_id is None:
        raise Forbidden("People subscribe, and nobody else.")
    values = new.model_dump(mode="json")
    made = Subscription(tenant_id=actor.require_tenant(), user_id=actor.user_id, **values)
    try:
        async with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        raise SubscribedAlready from error
    await session.refresh(made)
    audit.record(session, actor, "subscription.create", f"subscription {made.id}", event=made.event)
    return made


async def unsubscribe(session: AsyncSession, actor: Actor, subscription_id: UUID) -> None:
    """Let the actor hear of something no more."""
    actor.require_somewhere(Permission.RUN_READ)
    where = soft_delete.one(Subscription, actor.require_tenant(), subscription_id)
    await soft_delete.remove(
        session, actor, Subscription, *where, Subscription.user_id == actor.user_id
    )
    audit.record(session, actor, "subscription.delete", f"subscription {subscription_id}")


async def forget(session: AsyncSession, actor: Actor, before: datetime) -> int:
    """Forget some of what people were told before a time, for the task; answer how much."""
    actor.require(Permission.MAIL_SEND)
    return await forgetting.forget(
        session, Notice, Notice.tenant_id == actor.require_tenant(), Notice.created_at < before
    )


async def mark_read(session: AsyncSession, actor: Actor, notice_id: UUID, now: datetime) -> Notice:
    """Note that the actor has read what he was told."""
    actor.require_somewhere(Permission.RUN_READ)
    statement = (
        update(Notice)
        .where(
            Notice.tenant_id == actor.require_tenant(),
            Notice.id == notice_id,
            Notice.user_id == actor.user_id,
        )
        .values(read_at=now)
        .returning(Notice)
    )
    found: Notice | None = await session.scalar(statement)
    if found is None:
        raise NotFound
    outbox.put(session, actor, READ, notice_id=notice_id)
    return found


async def mark_all_read(session: AsyncSession, actor: Actor, now: datetime) -> int:
    """Note that the actor has read all that he was told; answer how much was new to him."""
    actor.require_somewhere(Permission.RUN_READ)
    statement = (
        update(Notice)
        .where(
            Notice.tenant_id == actor.require_tenant(),
            Notice.user_id == actor.user_id,
            Notice.read_at.is_(None),
        )
        .values(read_at=now)
        .returning(Notice.id)
    )
    found = (await session.scalars(statement)).all()
    if found:
        outbox.put(session, actor, READ, notice_id=max(found))
    return len(found)


async def prefer(
    session: AsyncSession, actor: Actor, event: Event, channel: Channel | None
) -> None:
    """Let the actor hear of an event of all notebooks by a channel; None for not at all."""
    actor.require_somewhere(Permission.RUN_READ)
    statement = subscriptions(actor).where(
        Subscription.event == event, Subscription.notebook.is_(None)
    )
    present = await session.scalar(statement)
    if present is not None and present.channel != channel:
        await unsubscribe(session, actor, present.id)
    if channel is not None and (present is None or present.channel != channel):
        await subscribe(session, actor, NewSubscription(event=event, channel=channel))
