"""Who may offer which role: asked in the room, and by PostgreSQL."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.conftest import MakeActor
from workbench.access import invitations
from workbench.access.commands import TooWide
from workbench.access.models import Invitation
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant

NOW = datetime.now(UTC)


async def invite(database: Database, actor: Actor, role: Role) -> Invitation:
    """Invite a new address to a role."""
    async with database.session(actor) as session:
        return await invitations.invite(
            session, actor, email=f"{new_id().hex}@x.example", role=role, now=NOW
        )


def offer(session: AsyncSession, tenant_id: UUID, role: Role) -> None:
    """Write an invitation past the room, as a mistake in it would."""
    invitation = Invitation(
        tenant_id=tenant_id,
        email=f"{new_id().hex}@x.example",
        role=role.value,
        expires_at=NOW + timedelta(days=7),
    )
    session.add(invitation)


@pytest.mark.acts_as(Role.OWNER)
async def test_nobody_offers_more_than_he_holds(database: Database, actor: Actor) -> None:
    """An owner offers every role of a tenant; a narrowed owner none that is wider than he is."""
    for role in (Role.GUEST, Role.VIEWER, Role.ANALYST, Role.ENGINEER, Role.OWNER):
        assert (await invite(database, actor, role)).role == role
    with pytest.raises(Forbidden):
        await invite(database, actor, Role.OPERATOR)
    narrow = actor.narrowed(
        {Permission.MEMBER_MANAGE, Permission.MEMBER_READ, Permission.TENANT_READ}
    )
    assert (await invite(database, narrow, Role.GUEST)).role == Role.GUEST
    with pytest.raises(TooWide):
        await invite(database, narrow, Role.VIEWER)


async def test_postgresql_asks_too(
    database: Database, make_actor: MakeActor, tenant: Tenant, other_tenant: Tenant
) -> None:
    """Past the room an owner writes into its own tenant, an engineer nowhere."""
    owner, engineer = [await make_actor(tenant, role) for role in (Role.OWNER, Role.ENGINEER)]
    async with database.session(owner) as session:
        offer(session, tenant.id, Role.OWNER)
    for actor, place in ((engineer, tenant), (owner, other_tenant)):
        with pytest.raises(ProgrammingError, match="row-level security"):
            async with database.session(actor) as session:
                offer(session, place.id, Role.GUEST)


async def test_who_holds_a_role(
    database: Database, make_actor: MakeActor, tenant: Tenant, other_tenant: Tenant
) -> None:
    """A user may do what lesser roles allow, in its own tenant and in no other."""
    analyst = await make_actor(tenant, Role.ANALYST)
    query = text("select workbench.holds_role(:user, :tenant, :role)")
    held: dict[UUID, set[str]] = {}
    async with database.session(analyst) as session:
        for place in (tenant, other_tenant):
            for role in (*Role, "no such role"):
                values = {"user": analyst.user_id, "tenant": place.id, "role": str(role)}
                if await session.scalar(query, values):
                    held.setdefault(place.id, set()).add(role)
    assert held == {tenant.id: {Role.GUEST, Role.VIEWER, Role.ANALYST}}
