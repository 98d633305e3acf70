"""API tokens: made by a person, never wider than that person, and gone with the person's access."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import soft_delete
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Conflict, Detail, Forbidden, Invalid
from workbench.identity import api_tokens
from workbench.identity import queries as identities
from workbench.identity.api_tokens import ApiTokenClaims, BadApiToken
from workbench.identity.models import ApiToken
from workbench.permissions import PERSONAL, Permission

LIFETIME = timedelta(days=90)
LONGEST = timedelta(days=365)
MOST = 50
NOTED_EVERY = timedelta(minutes=1)
SYSTEM = Actor.of_system("api token", Permission.USER_AUTHENTICATE)
RENEW = text("select workbench.renew(:sid, :tenant)")


class ScopeTooWide(Forbidden):
    """A token cannot do more than its maker, nor what people alone may do."""

    code = "scope_too_wide"


class TooManyTokens(Conflict):
    """You have as many API tokens as one person may have; revoke one."""

    code = "too_many_tokens"


async def create(
    session: AsyncSession,
    actor: Actor,
    *,
    name: str,
    scope: Collection[Permission],
    expires_at: datetime,
    now: datetime,
) -> tuple[ApiToken, str]:
    """Make a token of the actor's own and answer it with its text, which nobody sees again."""
    actor.require(Permission.TOKEN_MANAGE)
    _check(actor, name, scope, expires_at, now)
    token_id = new_id()
    shown, secret = api_tokens.make(token_id)
    claims = ApiTokenClaims(token_id, _person(actor), actor.require_tenant())
    await _keep_few(session, claims.user_id, now)
    token = ApiToken(
        tenant_id=actor.require_tenant(),
        id=token_id,
        user_id=claims.user_id,
        name=name,
        secret_hash=secret.hash,
        scope=sorted(permission.value for permission in scope),
        expires_at=expires_at,
    )
    session.add(token)
    await session.flush()
    if await queries.admit(session, claims, expires_at, scope=scope) is None:
        raise queries.SignedOut
    audit.record(
        session,
        actor,
        "token.create",
        str(token_id),
        name=name,
        scope=token.scope,
        expires_at=expires_at.isoformat(),
    )
    return token, shown


async def revoke(database: Database, actor: Actor, token_id: UUID) -> None:
    """Revoke one's own token, or as an owner anybody's; what still runs with it is cancelled."""
    actor.require(Permission.TOKEN_MANAGE)
    where = [*soft_delete.one(ApiToken, actor.require_tenant(), token_id)]
    if not actor.may(Permission.MEMBER_MANAGE):
        where.append(ApiToken.user_id == actor.user_id)
    async with database.session(actor) as session:
        await soft_delete.remove(session, actor, ApiToken, *where)
        await queries.revoke(session, token_id)
        audit.record(session, actor, "token.revoke", str(token_id))
    await database.cancel_statements(token_id)


async def claims_of(database: Database, token: str, now: datetime) -> ApiTokenClaims:
    """Who sends a token's text; raise BadApiToken unless it is known, live and not expired."""
    secret = api_tokens.read(token)
    values = {"token": secret.token_id, "hash": secret.hash}
    async with database.lookups.connect() as connection:
        kept = (await connection.execute(identities.API_TOKEN, values)).one()
    if kept.user_id is None:
        raise BadApiToken
    claims = ApiTokenClaims(secret.token_id, kept.user_id, kept.tenant_id)
    if kept.last_used_at is None or now - kept.last_used_at >= NOTED_EVERY:
        await _note_use(database, claims, now)
    return claims


async def _note_use(database: Database, claims: ApiTokenClaims, now: datetime) -> None:
    own = (ApiToken.tenant_id == claims.tenant_id, ApiToken.id == claims.sid)
    async with database.session(SYSTEM) as session:
        # The token's row before its row in `live`, as in `revoke`: else the two could wait for
        # each other.
        await session.execute(update(ApiToken).where(*own).values(last_used_at=now))
        is_live = await session.scalar(RENEW, {"sid": claims.sid, "tenant": claims.tenant_id})
    if not is_live:
        raise BadApiToken


def _check(
    actor: Actor, name: str, scope: Collection[Permission], expires_at: datetime, now: datetime
) -> None:
    if not name.strip():
        raise Invalid("A token needs a name.", details=[Detail("name", "is empty")])
    if not scope:
        raise Invalid("A token needs a scope.", details=[Detail("scope", "is empty")])
    if not now < expires_at <= now + LONGEST:
        detail = Detail("expires_at", f"at most {LONGEST.days} days from now")
        raise Invalid("A token cannot live that long.", details=[detail])
    details = [
        *(Detail("scope", f"{p}: no token may do this") for p in sorted(PERSONAL & {*scope})),
        *(
            Detail("scope", f"{p}: you do not hold it")
            for p in sorted({*scope} - PERSONAL - actor.scope)
        ),
    ]
    if details:
        raise ScopeTooWide(details=details)


async def _keep_few(session: AsyncSession, user_id: UUID, now: datetime) -> None:
    own = select(func.count()).where(ApiToken.user_id == user_id, ApiToken.expires_at > now)
    if (await session.scalar(own) or 0) >= MOST:
        raise TooManyTokens


def _person(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise Forbidden("A token needs a person who makes it.")
    return actor.user_id
