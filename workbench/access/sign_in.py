"""Signing in, staying signed in, signing out."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries
from workbench.access.queries import SignedOut
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Detail, Invalid, Unauthenticated
from workbench.identity import commands as identity
from workbench.identity import passwords
from workbench.identity import queries as identities
from workbench.identity.models import Ended, Login, RefreshToken
from workbench.identity.tokens import (
    ACCESS_LIFETIME,
    BadToken,
    Claims,
    RefreshClaims,
    Tokens,
    new_name,
)
from workbench.outbox import commands as outbox
from workbench.permissions import Permission

SYSTEM = Actor.of_system("login", Permission.USER_AUTHENTICATE)
TENANT_BY_SLUG = text("select workbench.tenant_by_slug(:slug)")
GRACE = timedelta(seconds=30)  # in which a second tab may use the token that the first has used
FAMILIAR = timedelta(days=30)

log = structlog.get_logger(__name__)
_notes: set["asyncio.Task[None]"] = set()


class WrongPassword(Unauthenticated):
    """The e-mail address or the password is wrong."""

    code = "wrong_password"


class TenantNeeded(Invalid):
    """You belong to several tenants; say which one."""

    code = "tenant_needed"


class ReusedToken(SignedOut):
    """This log-in was used twice, so somebody else may hold a copy: it has ended, sign in again."""

    code = "reused_token"


class PasswordChanged(SignedOut):
    """Your password was changed, which has ended this log-in; sign in with the new one."""

    code = "password_changed"


REFUSALS = {Ended.REUSED: ReusedToken, Ended.PASSWORD_CHANGED: PasswordChanged}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The tokens of a login and the actor that it is; `expires_in` counts seconds."""

    access_token: str
    refresh_token: str
    actor: Actor
    expires_in: int = int(ACCESS_LIFETIME.total_seconds())


async def sign_in(  # noqa: PLR0913 (what a log-in is made of)
    database: Database,
    tokens: Tokens,
    *,
    email: str,
    password: str,
    tenant: str | None,
    user_agent: str,
    address: str,
    now: datetime,
) -> SignedIn:
    """Prove who it is and begin a login, in the tenant of a slug or in the only one there is."""
    user_id, tenant_ids = await _proved(database, email, password, address)
    async with database.session(SYSTEM) as session:
        tenant_id = await _chosen(session, tenant, tenant_ids)
        login = await identity.open_login(
            session, user_id, user_agent=user_agent, address=address, now=now
        )
        return await begin(session, tokens, login, tenant_id, now)


async def begin(
    session: AsyncSession, tokens: Tokens, login: Login, tenant_id: UUID | None, now: datetime
) -> SignedIn:
    """Let a new login act in a tenant, and give it its tokens; who it is was proved before."""
    claims = Claims(login.id, login.user_id, tenant_id)
    actor = await queries.admit(session, claims, login.expires_at)
    if actor is None:
        raise WrongPassword
    if tenant_id is not None:
        audit.record(session, actor, "login.begin", f"login {login.id}", address=login.address)
    jti = new_name()
    await identity.issue_refresh_token(session, login.id, jti, login.expires_at)
    return _answer(tokens, actor, claims, jti, login.expires_at, now)


async def refresh(database: Database, tokens: Tokens, token: str, now: datetime) -> SignedIn:
    """Trade a refresh token for new tokens; one that was used before ends its login."""
    claims = tokens.read_refresh(token, now)
    async with database.session(SYSTEM) as session:
        login, kept = await _kept(session, claims)
        if login.ended_at is not None:
            raise REFUSALS.get(Ended(login.ended_reason or Ended.SIGNED_OUT), SignedOut)
        reason = Ended.REUSED
        if kept.used_at is None or now - kept.used_at <= GRACE:
            reason = Ended.REVOKED
            if actor := await queries.admit(session, claims, login.expires_at):
                login.last_seen_at = now
                jti = await _next(session, tokens, claims, kept, now)
                return _answer(tokens, actor, claims, jti, login.expires_at, now)
        await identity.end_login(session, login.id, now, reason)
    if reason == Ended.REUSED:
        await _tell_of_reuse(database, claims)
    raise REFUSALS.get(reason, SignedOut)


async def is_familiar(database: Database, email: str, address: str, now: datetime) -> bool:
    """Whether an account has signed in from an address of late."""
    async with database.session(SYSTEM) as session:
        since = now - FAMILIAR
        return await session.scalar(identities.login_from(email, address, since)) is not None


async def sign_out(database: Database, actor: Actor, now: datetime) -> None:
    """End the actor's login, and cancel what it still runs."""
    if actor.sid is None:
        return
    async with database.session(actor) as session:
        if actor.tenant_id is not None:
            audit.record(session, actor, "login.end", f"login {actor.sid}")
            await session.flush()  # the next statement is refused
        await identity.end_login(session, actor.sid, now)


async def _proved(
    database: Database, email: str, password: str, address: str
) -> tuple[UUID, list[UUID]]:
    async with database.session(SYSTEM) as session:
        rows = (await session.execute(identities.BY_EMAIL, {"email": email})).all()
        user_id: UUID = rows[0].user_id if rows else new_id()
        hashed = await session.scalar(identities.password_hash(user_id))
    tenant_ids = [row.tenant_id for row in rows if row.tenant_id is not None]
    try:
        is_proved = await passwords.matches(password, hashed)
    except passwords.BadPassword as error:
        _later(_refused(database, user_id, tenant_ids, address))
        raise WrongPassword from error
    if not is_proved:
        _later(_refused(database, user_id, tenant_ids, address))
        raise WrongPassword
    return user_id, tenant_ids


def _later(note: Coroutine[Any, Any, None]) -> None:
    # Beside the answer, whose time would else tell that there is such a user.
    task = asyncio.create_task(note)
    _notes.add(task)
    task.add_done_callback(_notes.discard)


async def _refused(database: Database, user_id: UUID, tenant_ids: list[UUID], address: str) -> None:
    try:
        async with database.session(SYSTEM) as session:
            for tenant_id in tenant_ids:
                audit.record(
                    session,
                    SYSTEM,
                    "login.refused",
                    f"user {user_id}",
                    tenant_id=tenant_id,
                    address=address,
                )
    except SQLAlchemyError as error:
        log.warning("refusal_not_noted", reason=type(error).__name__)


async def _chosen(session: AsyncSession, slug: str | None, tenant_ids: list[UUID]) -> UUID | None:
    if slug is None:
        if len(tenant_ids) > 1:
            detail = Detail("tenant", "name the tenant by its slug")
            raise TenantNeeded(details=[detail])
        return tenant_ids[0] if tenant_ids else None
    tenant_id: UUID | None = await session.scalar(TENANT_BY_SLUG, {"slug": slug})
    if tenant_id not in tenant_ids:
        raise WrongPassword
    return tenant_id


async def _kept(session: AsyncSession, claims: RefreshClaims) -> tuple[Login, RefreshToken]:
    login = await session.scalar(identities.locked_login(claims.sid))
    kept = await session.scalar(identities.refresh_token(claims.sid, claims.jti))
    if login is None or kept is None or login.user_id != claims.user_id:
        raise BadToken
    return login, kept


async def _next(
    session: AsyncSession, tokens: Tokens, claims: RefreshClaims, kept: RefreshToken, now: datetime
) -> str:
    """The name that follows: who asks first makes the token, who asks again gets the newest."""
    jti = claims.jti
    while kept.used_at is not None:
        followed = await _follower(session, tokens, claims.sid, jti)
        if followed is None:
            break
        jti, kept = followed
        if kept.used_at is None:
            return jti
    kept.used_at = kept.used_at or now
    jti = tokens.successors(jti)[0]
    await identity.issue_refresh_token(session, claims.sid, jti, kept.expires_at)
    return jti


async def _follower(
    session: AsyncSession, tokens: Tokens, sid: UUID, jti: str
) -> tuple[str, RefreshToken] | None:
    for name in tokens.successors(jti):
        found = await session.scalar(identities.refresh_token(sid, name))
        if found is not None:
            return name, found
    return None


async def _tell_of_reuse(database: Database, claims: Claims) -> None:
    """Leave word where the login was: in the audit, and as a message that can be mailed."""
    if claims.tenant_id is None:
        return
    actor = Actor.of_system("login", tenant_id=claims.tenant_id)
    async with database.session(actor) as session:
        user = str(claims.user_id)
        audit.record(session, actor, "login.reused", f"login {claims.sid}", user=user)
        outbox.put(session, actor, "login.reused", login=claims.sid, user=claims.user_id)


def _answer(
    tokens: Tokens, actor: Actor, claims: Claims, jti: str, expires: datetime, now: datetime
) -> SignedIn:
    lifetime = min(ACCESS_LIFETIME, expires - now)
    who = (claims.sid, claims.user_id, claims.tenant_id)
    return SignedIn(
        tokens.access(*who, now, lifetime=lifetime),
        tokens.refresh(jti, *who, expires),
        actor,
        int(lifetime.total_seconds()),
    )
