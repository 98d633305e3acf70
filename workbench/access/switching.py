"""Going from one tenant to another without a password: for people who belong to several."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from workbench.access import proof, sign_in
from workbench.access.sign_in import SYSTEM, SignedIn
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.identity import commands as identity
from workbench.identity import queries as identities
from workbench.identity.tokens import Tokens
from workbench.tenants import queries as tenants


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant that a person belongs to."""

    id: UUID
    slug: str
    name: str


async def places(database: Database, actor: Actor) -> list[Place]:
    """Where the person who is signed in belongs to, by name; suspended tenants are left out."""
    async with database.session(actor) as session:
        await proof.require_login(session, actor)
        email = (await session.scalars(identities.myself(actor))).one().email
    async with database.session(SYSTEM) as session:
        rows = (await session.execute(identities.BY_EMAIL, {"email": email})).all()
    found = [
        await _place(database, row.tenant_id)
        for row in rows
        if row.user_id == actor.user_id and row.tenant_id is not None
    ]
    return sorted(found, key=lambda place: place.name.casefold())


async def switch(
    database: Database,
    tokens: Tokens,
    actor: Actor,
    slug: str,
    *,
    user_agent: str,
    address: str,
    now: datetime,
) -> SignedIn:
    """End this log-in for one in another tenant of the same person; it lasts no longer.

    Raise NotFound for a tenant that there is not, or not for this person.
    """
    there = next((p for p in await places(database, actor) if p.slug == slug), None)
    if there is None or actor.user_id is None:
        raise NotFound
    async with database.session(actor) as session:
        current = await proof.require_login(session, actor)
    async with database.session(SYSTEM) as session:
        login = await identity.open_login(
            session, actor.user_id, user_agent=user_agent, address=address, now=now
        )
        login.expires_at = min(login.expires_at, current.expires_at)
        signed_in = await sign_in.begin(session, tokens, login, there.id, now)
    await sign_in.sign_out(database, actor, now)
    return signed_in


async def _place(database: Database, tenant_id: UUID) -> Place:
    looking = Actor.of_system("switching", tenant_id=tenant_id)
    async with database.session(looking) as session:
        found = (await session.scalars(tenants.tenant(looking, tenant_id))).one()
        return Place(found.id, found.slug, found.name)
