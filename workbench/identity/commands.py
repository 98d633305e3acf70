"""Changes to users and their log-ins."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import EmailStr, TypeAdapter, ValidationError
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import live
from workbench.db.ids import new_id
from workbench.errors import Conflict, Detail, Invalid, NotFound
from workbench.identity import passwords, queries, tokens
from workbench.identity.models import Ended, Login, Password, RefreshToken, User
from workbench.permissions import Permission

EMAIL = TypeAdapter(EmailStr)


class EmailTaken(Conflict):
    """A user with this e-mail address exists already."""

    code = "email_taken"


async def create_user(
    session: AsyncSession,
    actor: Actor,
    *,
    email: str,
    name: str,
    password: str | None,
    is_operator: bool = False,
) -> User:
    """Make a user; without a password the user cannot sign in."""
    actor.require(Permission.USER_MANAGE)
    user = User(id=new_id(), email=checked_email(email), name=name, is_operator=is_operator)
    hashed = None
    if password is not None:
        await passwords.check(password, email, name)
        hashed = await passwords.hash_password(password)
    try:
        async with session.begin_nested():
            session.add(user)
    except IntegrityError as error:
        raise EmailTaken from error
    if hashed is not None:
        session.add(Password(user_id=user.id, hash=hashed))
    await session.flush()
    return user


async def disable_user(session: AsyncSession, actor: Actor, user_id: UUID, now: datetime) -> None:
    """Take every access from a user, in every tenant and at the next statement."""
    actor.require(Permission.USER_MANAGE)
    await _note(session, actor, "user.disable", await _user(session, user_id))
    await _set_disabled(session, user_id, now)
    await end_logins(session, user_id, Ended.DISABLED, now)


async def enable_user(session: AsyncSession, actor: Actor, user_id: UUID) -> None:
    """Let a disabled user sign in again."""
    actor.require(Permission.USER_MANAGE)
    await _set_disabled(session, user_id, None)
    await _note(session, actor, "user.enable", await _user(session, user_id))


async def sign_out_user(session: AsyncSession, actor: Actor, user_id: UUID, now: datetime) -> int:
    """End every log-in of a user and what runs for the user; answer how many log-ins."""
    actor.require(Permission.USER_MANAGE)
    await _note(session, actor, "user.sign_out", await _user(session, user_id))
    await live.revoke(session, *await live.sids(session, user_id=user_id))
    return await end_logins(session, user_id, Ended.REVOKED, now)


async def change_password(
    session: AsyncSession,
    actor: Actor,
    *,
    user_id: UUID,
    password: str,
    now: datetime,
    keep: UUID | None = None,
) -> None:
    """Give a user another password, and end all that acts for the user except the log-in `keep`.

    For the user's own actor, or for the log-in task. Raise BadPassword when it cannot be used.
    """
    if actor.user_id != user_id:
        actor.require(Permission.USER_AUTHENTICATE)
    user = await _user(session, user_id)
    await passwords.check(password, user.email, user.name)
    values = {"hash": await passwords.hash_password(password), "changed_at": now}
    changed = update(Password).where(Password.user_id == user_id).values(values)
    if (await session.execute(changed.returning(Password.user_id))).first() is None:
        session.add(Password(user_id=user_id, **values))
    if actor.may(Permission.USER_AUTHENTICATE):
        await _note(session, actor, "password.change", user)
    ending = [sid for sid in await live.sids(session, user_id=user_id) if sid != keep]
    await live.revoke(session, *ending)
    await end_logins(session, user_id, Ended.PASSWORD_CHANGED, now, keep=keep)


async def open_login(
    session: AsyncSession, user_id: UUID, *, user_agent: str, address: str, now: datetime
) -> Login:
    """Begin a signed-in period of 7 days."""
    login = Login(
        id=new_id(),
        user_id=user_id,
        user_agent=user_agent[:500],
        address=address,
        last_seen_at=now,
        expires_at=now + tokens.REFRESH_LIFETIME,
    )
    session.add(login)
    await session.flush()
    return login


async def issue_refresh_token(
    session: AsyncSession, login_id: UUID, jti: str, expires: datetime
) -> None:
    """Note a new refresh token of a login by the hash of its name."""
    token = RefreshToken(
        id=new_id(), login_id=login_id, hash=tokens.digest(jti), expires_at=expires
    )
    session.add(token)
    await session.flush()


async def note_seen(session: AsyncSession, login_id: UUID, now: datetime) -> None:
    """Note that a log-in was at work just now."""
    await session.execute(update(Login).where(Login.id == login_id).values(last_seen_at=now))


async def end_login(
    session: AsyncSession, login_id: UUID, now: datetime, reason: Ended = Ended.SIGNED_OUT
) -> None:
    """End a signed-in period; PostgreSQL refuses its tokens from the next statement on."""
    await _end(session, Login.id == login_id, now=now, reason=reason)


async def end_logins(
    session: AsyncSession, user_id: UUID, reason: Ended, now: datetime, *, keep: UUID | None = None
) -> int:
    """End every signed-in period of a user except the one to keep; answer how many."""
    others = [Login.id != keep] if keep else []
    return await _end(session, Login.user_id == user_id, *others, now=now, reason=reason)


async def _user(session: AsyncSession, user_id: UUID) -> User:
    user = await session.get(User, user_id, populate_existing=True)
    if user is None:
        raise NotFound
    return user


async def _note(session: AsyncSession, actor: Actor, action: str, user: User) -> None:
    """Note in every tenant of a user what an actor of the platform does to the user."""
    for row in await session.execute(queries.BY_EMAIL, {"email": user.email}):
        if row.tenant_id is not None:
            audit.record(session, actor, action, f"user {user.id}", tenant_id=row.tenant_id)
    await session.flush()


async def _end(session: AsyncSession, *where: Any, now: datetime, reason: Ended) -> int:
    """End the log-ins that match, and cancel their statements once this is committed."""
    statement = (
        update(Login)
        .where(Login.ended_at.is_(None), *where)
        .values(ended_at=now, ended_reason=reason)
        .returning(Login.id)
    )
    ended = (await session.scalars(statement)).all()
    live.cancel(session, *ended)
    return len(ended)


async def _set_disabled(session: AsyncSession, user_id: UUID, at: datetime | None) -> None:
    live.cancel(session, *await live.sids(session, user_id=user_id))
    statement = update(User).where(User.id == user_id).values(disabled_at=at).returning(User.id)
    if (await session.execute(statement)).first() is None:
        raise NotFound


def checked_email(email: str) -> str:
    """The address as we keep it; raise Invalid when it is none."""
    try:
        return EMAIL.validate_python(email).lower()
    except ValidationError as error:
        detail = Detail("email", "not an e-mail address")
        raise Invalid("The e-mail address is not valid.", details=[detail]) from error
