"""Putting mails into the queue, taking them out to send, and noting what came of it.

A mail is written in the transaction of what it tells, so it is sent if that was done, and only
then. Whoever sends it claims it first, and marks it afterwards.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.errors import NotFound
from workbench.identity.models import User
from workbench.notifications import queries
from workbench.notifications.models import AnyMail, Status, Template
from workbench.permissions import Permission

LEASE = timedelta(minutes=5)  # longer than one attempt can take
KEPT = timedelta(days=30)  # how long it can be seen what became of a mail
PAUSES = tuple(timedelta(minutes=n) for n in (1, 5, 15, 60, 120, 240, 480, 480))
MAX_REASON = 500


async def mail(
    session: AsyncSession, actor: Actor, template: Template, user_id: UUID, /, **details: str
) -> None:
    """Write to a user whom the actor may see, once the transaction commits.

    PostgreSQL lets everybody cause mail to himself, and who manages members to these; `details`
    are the words that the template asks for, never a secret.
    """
    address = await session.scalar(select(User.email).where(User.id == user_id))
    if address is None:
        raise NotFound
    write(session, actor, template, address, user_id=user_id, **details)


def write(
    session: AsyncSession,
    actor: Actor,
    template: Template,
    address: str,
    /,
    *,
    user_id: UUID | None = None,
    **details: str,
) -> None:
    """Write to an address, as `mail` does; whether it is somebody's is not asked."""
    given = {"recipient": address, "template": template.value, "user_id": user_id}
    owner = {} if actor.tenant_id is None else {"tenant_id": actor.tenant_id}
    session.add(queries.kind(actor)(**given, **owner, details=details))


async def due(session: AsyncSession, now: datetime, most: int) -> list[tuple[UUID | None, UUID]]:
    """The tenant, or None, and the id of the mails that may be tried, the longest due first."""
    rows = await session.execute(queries.DUE, {"at": now, "most": most})
    return [(row.tenant_id, row.id) for row in rows]


async def claim(
    session: AsyncSession, actor: Actor, mail_id: UUID, now: datetime, domain: str
) -> AnyMail | None:
    """Take a mail for one attempt; None when another worker has it or had it.

    It comes back by itself when the worker dies. Its Message-ID stays the same for every attempt.
    """
    actor.require(Permission.MAIL_SEND)
    taken: AnyMail | None = await session.scalar(queries.due_mail(actor, mail_id, now))
    if taken is None:
        return None
    taken.attempts += 1
    taken.next_attempt_at = now + LEASE
    taken.message_id = taken.message_id or f"<{taken.id}@{domain}>"
    await session.flush()
    return taken


async def mark_sent(session: AsyncSession, actor: Actor, taken: AnyMail, now: datetime) -> None:
    """Note that the server has accepted a mail, and forget those of a month ago."""
    await _settle(session, actor, taken, status=Status.SENT, sent_at=now, error=None)
    model = queries.kind(actor)
    await session.execute(
        delete(model).where(model.status != Status.QUEUED, model.created_at < now - KEPT)
    )


async def put_off(
    session: AsyncSession, actor: Actor, taken: AnyMail, reason: str, now: datetime
) -> bool:
    """Try a mail again later; give it up and answer False when it was tried often enough."""
    if taken.attempts > len(PAUSES):
        await give_up(session, actor, taken, reason)
        return False
    at = now + PAUSES[taken.attempts - 1]
    await _settle(session, actor, taken, next_attempt_at=at, error=reason[:MAX_REASON])
    return True


async def give_up(session: AsyncSession, actor: Actor, taken: AnyMail, reason: str) -> None:
    """Try a mail no more, and keep why."""
    await _settle(session, actor, taken, status=Status.FAILED, error=reason[:MAX_REASON])


async def drop(session: AsyncSession, actor: Actor, taken: AnyMail) -> None:
    """Forget a mail that has nobody to go to, or nothing to tell any more."""
    actor.require(Permission.MAIL_SEND)
    await session.execute(delete(queries.kind(actor)).where(*queries.one(actor, taken.id)))


async def _settle(session: AsyncSession, actor: Actor, taken: AnyMail, **values: object) -> None:
    """Note what came of an attempt, unless the mail was claimed again since."""
    actor.require(Permission.MAIL_SEND)
    model = queries.kind(actor)
    await session.execute(
        update(model)
        .where(
            *queries.one(actor, taken.id),
            model.status == Status.QUEUED,
            model.attempts == taken.attempts,
        )
        .values(**values)
    )
