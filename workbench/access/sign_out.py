"""What people do about their own log-ins: leave one elsewhere, leave all, change the password."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import proof
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db.session import Database
from workbench.errors import Forbidden, NotFound
from workbench.identity import commands as identity
from workbench.identity import passwords
from workbench.identity import queries as identities
from workbench.identity.models import Ended, Login
from workbench.outbox import commands as outbox


class WrongCurrentPassword(Forbidden):
    """Your present password is another one."""

    code = "wrong_password"


async def sign_out_there(
    session: AsyncSession, actor: Actor, login_id: UUID, now: datetime
) -> None:
    """End one of the user's log-ins; one that has ended stays as it is."""
    current = await proof.require_login(session, actor)
    login = await session.scalar(identities.logins(actor).where(Login.id == login_id))
    if login is None:
        raise NotFound
    reason = Ended.SIGNED_OUT if login.id == current.id else Ended.SIGNED_OUT_ELSEWHERE
    _note(session, actor, "login.end", f"login {login_id}", reason)
    await identity.end_login(session, login_id, now, reason)


async def sign_out_everywhere(
    session: AsyncSession, actor: Actor, now: datetime, *, keep_current: bool = False
) -> None:
    """End every log-in of the user, or every other one."""
    current = await proof.require_login(session, actor)
    reason = Ended.SIGNED_OUT_EVERYWHERE
    _note(session, actor, "login.end", f"user {current.user_id}", reason)
    keep = current.id if keep_current else None
    await identity.end_logins(session, current.user_id, reason, now, keep=keep)


async def change_password(
    database: Database, actor: Actor, *, current: str, new: str, now: datetime
) -> None:
    """Change the user's own password, which ends all that acts for the user but this log-in."""
    async with database.session(actor) as session:
        login = await proof.require_login(session, actor)
        hashed = await session.scalar(identities.password_hash(login.user_id))
    try:
        is_proved = await passwords.matches(current, hashed)
    except passwords.BadPassword as error:
        raise WrongCurrentPassword from error
    if not is_proved:
        raise WrongCurrentPassword
    async with database.session(actor) as session:
        await identity.change_password(
            session, actor, user_id=login.user_id, password=new, now=now, keep=login.id
        )
        _note(session, actor, "password.change", f"user {login.user_id}", Ended.PASSWORD_CHANGED)
        if actor.tenant_id is not None:
            outbox.put(session, actor, "password.changed", user=login.user_id)


def _note(session: AsyncSession, actor: Actor, action: str, target: str, reason: Ended) -> None:
    if actor.tenant_id is not None:
        audit.record(session, actor, action, target, reason=reason)
