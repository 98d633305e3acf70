"""Announcements: outbox messages of lower rooms that somebody is written to about."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.errors import NotFound
from workbench.notifications import commands
from workbench.notifications.models import Template
from workbench.outbox import queries as outbox
from workbench.outbox.models import OutboxMessage
from workbench.permissions import Permission

# A message of such a topic names the user who is concerned, as `user` in its payload.
TOPICS = {
    "login.reused": Template.LOGIN_REUSED,
    "password.changed": Template.PASSWORD_CHANGED,
}
NEEDED = (Permission.MAIL_SEND, Permission.MEMBER_READ)


async def write(session: AsyncSession, actor: Actor, message_ids: Collection[UUID]) -> None:
    """Write the mails that some messages ask for; one that names no member asks for none."""
    if not message_ids:
        return
    found = outbox.messages(actor, message_ids, TOPICS)
    for message in await session.scalars(found):
        await _write_one(session, actor, message)


async def _write_one(session: AsyncSession, actor: Actor, message: OutboxMessage) -> None:
    try:
        user_id = UUID(str(message.payload.get("user")))
        await commands.mail(session, actor, TOPICS[message.topic], user_id)
    except (NotFound, ValueError):  # gone since, or never there: the other messages must leave
        return
