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
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Detail, Invalid, Unauthenticated
from workbench.identity import commands as identity
from workbench.identity import passwords
from workbench.identity import queries as identities
from workbench.identity.models import Login, RefreshToken
from workbench.identity.tokens import ACCESS_LIFETIME, BadToken, Claims, RefreshClaims, Tokens
from workbench.permissions import Permission

SYSTEM = Actor.of_system("login", Permission.USER_AUTHENTICATE)
TENANT_BY_SLUG = text("select workbench.tenant_by_slug(:slug)")
GRACE = timedelta(seconds=30)  # in which a second tab may use the token that the first has used

log = structlog.get_logger(__name__)
_notes: set["asyncio.Task[None]"] = set()


class WrongPassword(Unauthenticated):
    """The e-mail address or the password is wrong."""

    code = "wrong_password"


class TenantNeeded(Invalid):
    """You belong to several tenants; say which one."""

    code = "tenant_needed"


class ReusedToken(Unauthenticated):
    """This refresh token was used before; the log-in has ended, sign in again."""

    code = "reused_token"


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
        claims = Claims(login.id, user_id, tenant_id)
        actor = await queries.admit(session, claims, login.expires_at)
        if actor is None:
            raise WrongPassword
        if tenant_id is not None:
            audit.record(session, actor, "login.begin", f"login {login.id}", address=address)
        return await _signed_in(session, tokens, actor, claims, login.expires_at, now)


async def refresh(database: Database, tokens: Tokens, token: str, now: datetime) -> SignedIn:
    """Trade a refresh token for new tokens; one that was used before ends its login."""
    claims = tokens.read_refresh(token, now)
    async with database.session(SYSTEM) as session:
        kept, login = await _kept(session, claims)
        if login.ended_at is not None:
            raise queries.SignedOut
        is_reused = kept.used_at is not None and now - kept.used_at > GRACE
        if is_reused:
            await identity.end_login(session, login.id, now)
            if claims.tenant_id is not None:
                audit.record(
                    session,
                    SYSTEM,
                    "login.reused",
                    f"login {login.id}",
                    tenant_id=claims.tenant_id,
                    user=str(claims.user_id),
                )
        else:
            kept.used_at = kept.used_at or now
            actor = await queries.admit(session, claims, login.expires_at)
            if actor is None:
                raise queries.SignedOut
            return await _signed_in(session, tokens, actor, claims, login.expires_at, now)
    raise ReusedToken


async def sign_out(database: Database, actor: Actor, now: datetime) -> None:
    """End the actor's login, and cancel what it still runs."""
    if actor.sid is None:
        return
    async with database.session(actor) as session:
        if actor.tenant_id is not None:
            audit.record(session, actor, "login.end", f"login {actor.sid}")
            await session.flush()  # the next statement is refused
        await identity.end_login(session, actor.sid, now)
    await database.cancel_statements(actor.sid)


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


async def _kept(session: AsyncSession, claims: RefreshClaims) -> tuple[RefreshToken, Login]:
    found = (await session.execute(identities.refresh_token(claims.jti))).first()
    if found is None or found.Login.id != claims.sid:
        raise BadToken
    return found.RefreshToken, found.Login


async def _signed_in(
    session: AsyncSession,
    tokens: Tokens,
    actor: Actor,
    claims: Claims,
    expires: datetime,
    now: datetime,
) -> SignedIn:
    jti = await identity.issue_refresh_token(session, claims.sid, expires)
    return SignedIn(
        tokens.access(claims.sid, claims.user_id, claims.tenant_id, now),
        tokens.refresh(jti, claims.sid, claims.user_id, claims.tenant_id, expires),
        actor,
    )
