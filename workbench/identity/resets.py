"""Password resets: opened when the mail is sent, and spent once."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.identity import commands, queries
from workbench.identity.mail_tokens import BadLink, Offer
from workbench.identity.models import PasswordReset
from workbench.permissions import Permission

LIFETIME = timedelta(minutes=30)
KEPT = timedelta(days=30)  # longer than a mail is tried again


async def open_reset(
    session: AsyncSession,
    actor: Actor,
    *,
    reset_id: UUID,
    email: str,
    asked_at: datetime,
    now: datetime,
) -> Offer:
    """Let the user of an e-mail address choose a new password; opened again it stays the same.

    Every other reset of the user ends. Raise BadLink when nobody has the address, or too late.
    """
    actor.require(Permission.MAIL_SEND)
    row = (await session.execute(queries.BY_EMAIL, {"email": email})).first()
    if row is None:
        raise BadLink
    reset = await session.get(PasswordReset, reset_id)
    if reset is None:
        await _end_others(session, row.user_id, now)
        reset = PasswordReset(
            id=reset_id, user_id=row.user_id, created_at=asked_at, expires_at=now + LIFETIME
        )
        session.add(reset)
        await session.flush()
    if reset.used_at is not None or reset.expires_at <= now:
        raise BadLink
    return Offer(reset.id, None, reset.expires_at)


async def spend(
    session: AsyncSession, actor: Actor, offer: Offer, *, password: str, now: datetime
) -> UUID:
    """Change the password of the user that a reset was opened for, and answer the user's id.

    Raise BadLink when it was spent, replaced, or the password was changed since.
    """
    actor.require(Permission.USER_AUTHENTICATE)
    found = (await session.execute(queries.password_reset(offer.id))).first()
    if found is None:
        raise BadLink
    reset, changed_at = found
    if reset.used_at is not None or reset.expires_at <= now or changed_at >= reset.created_at:
        raise BadLink
    reset.used_at = now
    await commands.change_password(
        session, actor, user_id=reset.user_id, password=password, now=now
    )
    user_id: UUID = reset.user_id
    return user_id


async def _end_others(session: AsyncSession, user_id: UUID, now: datetime) -> None:
    await session.execute(
        update(PasswordReset)
        .where(PasswordReset.user_id == user_id, PasswordReset.used_at.is_(None))
        .values(used_at=now)
    )
    await session.execute(
        delete(PasswordReset).where(
            PasswordReset.user_id == user_id, PasswordReset.created_at < now - KEPT
        )
    )
