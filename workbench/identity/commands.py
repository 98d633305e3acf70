"""Changes to users and their log-ins."""

from datetime import datetime
from uuid import UUID

from pydantic import EmailStr, TypeAdapter, ValidationError
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db.ids import new_id
from workbench.errors import Conflict, Detail, Invalid, NotFound
from workbench.identity import passwords, queries, tokens
from workbench.identity.models import Login, Password, RefreshToken, User
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
    hashed = await passwords.hash_password(password) if password is not None else None
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
    user = await session.get(User, user_id, with_for_update=True)
    if user is None:
        raise NotFound
    # Asked before, since a disabled user belongs nowhere.
    for row in await session.execute(queries.BY_EMAIL, {"email": user.email}):
        if row.tenant_id is not None:
            audit.record(session, actor, "user.disable", f"user {user_id}", tenant_id=row.tenant_id)
    user.disabled_at = now
    await session.flush()


async def change_password(
    session: AsyncSession,
    actor: Actor,
    *,
    user_id: UUID,
    password: str,
    now: datetime,
    keep: UUID | None = None,
) -> None:
    """Give a user another password and end every log-in of the user but `keep`."""
    if user_id != actor.user_id:
        actor.require(Permission.USER_AUTHENTICATE)
    hashed = await passwords.hash_password(password)
    changed = await session.execute(
        update(Password)
        .where(Password.user_id == user_id)
        .values(hash=hashed, changed_at=now)
        .returning(Password.user_id)
    )
    if changed.first() is None:
        raise NotFound
    await session.execute(
        update(Login)
        .where(Login.user_id == user_id, Login.ended_at.is_(None), Login.id.is_distinct_from(keep))
        .values(ended_at=now)
    )


async def open_login(
    session: AsyncSession, user_id: UUID, *, user_agent: str, address: str, now: datetime
) -> Login:
    """Begin a signed-in period of 7 days."""
    login = Login(
        id=new_id(),
        user_id=user_id,
        user_agent=user_agent[:500],
        address=address,
        expires_at=now + tokens.REFRESH_LIFETIME,
    )
    session.add(login)
    await session.flush()
    return login


async def issue_refresh_token(session: AsyncSession, login_id: UUID, expires: datetime) -> UUID:
    """Note a new refresh token of a login and answer its id."""
    token = RefreshToken(id=new_id(), login_id=login_id, expires_at=expires)
    session.add(token)
    await session.flush()
    return token.id


async def end_login(session: AsyncSession, login_id: UUID, now: datetime) -> None:
    """End a signed-in period; PostgreSQL refuses its tokens from the next statement on."""
    await session.execute(
        update(Login).where(Login.id == login_id, Login.ended_at.is_(None)).values(ended_at=now)
    )


def checked_email(email: str) -> str:
    """The address as we keep it; raise Invalid when it is none."""
    try:
        return EMAIL.validate_python(email).lower()
    except ValidationError as error:
        detail = Detail("email", "not an e-mail address")
        raise Invalid("The e-mail address is not valid.", details=[detail]) from error
