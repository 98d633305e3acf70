"""How the shell manages one tenant: as a task of Workbench itself, inside the tenant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries
from workbench.access.models import Membership, TenantRole
from workbench.actor import Actor
from workbench.cli import tenants
from workbench.cli.database import OPERATOR
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.identity.models import User
from workbench.permissions import ROLES, Role

TenantSlug = Annotated[str, typer.Option("--tenant", help="The tenant's slug.")]


@asynccontextmanager
async def inside(database: Database, slug: str) -> AsyncIterator[tuple[AsyncSession, Actor]]:
    """Open a session with all that an owner of the tenant holds."""
    async with database.session(OPERATOR) as session:
        tenant = await tenants.named(session, slug)
    actor = Actor.of_system("shell", *ROLES[Role.OWNER], tenant_id=tenant.id)
    async with database.session(actor) as session:
        yield session, actor


async def member_named(session: AsyncSession, actor: Actor, email: str) -> UUID:
    """The membership of an e-mail address; raise NotFound when there is none."""
    found = queries.members(actor).where(User.email == email).with_only_columns(Membership.id)
    membership_id: UUID | None = await session.scalar(found)
    if membership_id is None:
        raise NotFound(f"There is no member {email} in this tenant.")
    return membership_id


async def role_named(session: AsyncSession, actor: Actor, name: str) -> TenantRole:
    """The role of a name; raise NotFound when the tenant has none of its own."""
    role: TenantRole | None = await session.scalar(queries.role(actor, name))
    if role is None:
        raise NotFound(f"There is no role {name}; `workbench role list` shows them.")
    return role
