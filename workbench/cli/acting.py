"""How the shell acts inside a tenant: as one of its members, for a while, seen in its audit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from workbench.access import queries
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.cli import tenants
from workbench.cli.database import OPERATOR
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.identity.tokens import Claims
from workbench.permissions import Permission, Role

SIGNING_IN = Actor.of_system("login", Permission.USER_AUTHENTICATE)
LIFETIME = timedelta(hours=1)


@asynccontextmanager
async def acting(
    database: Database, slug: str, email: str | None = None, *, lifetime: timedelta = LIFETIME
) -> AsyncIterator[Actor]:
    """Be the member with an e-mail address, or an owner, until the block or `lifetime` ends."""
    claims = await _claims(database, slug, email)
    async with database.session(SIGNING_IN) as session:
        actor = await queries.admit(session, claims, datetime.now(UTC) + lifetime)
    if actor is None:
        raise NotFound(f"{email or 'The owner'} may not act in {slug} any more.")
    try:
        async with database.session(actor) as session:
            audit.record(session, actor, "shell.enter", slug)
        yield actor
    finally:
        async with database.session(SIGNING_IN) as session:
            await queries.revoke(session, claims.sid)


async def _claims(database: Database, slug: str, email: str | None) -> Claims:
    async with database.session(OPERATOR) as session:
        tenant = await tenants.named(session, slug)
    looking = Actor.of_system("shell", Permission.MEMBER_READ, tenant_id=tenant.id)
    async with database.session(looking) as session:
        for membership, user in await session.execute(queries.members(looking)):
            if user.email == email or (email is None and membership.role == Role.OWNER):
                return Claims(new_id(), user.id, tenant.id)
    raise NotFound(f"There is no member {email} in {slug}." if email else f"{slug} has no owner.")
