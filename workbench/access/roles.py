"""Changes to the roles of a tenant's own, and to who holds them.

Nobody raises himself: a role is never wider than who makes it, and nobody gives one to himself.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries
from workbench.access.commands import OwnRole, TooWide
from workbench.access.models import MemberRole, Membership, TenantRole
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import soft_delete
from workbench.errors import Conflict, Detail, Invalid, NotFound
from workbench.permissions import ROLES, Permission, Role

OF_TENANTS = ROLES[Role.OWNER]


class RoleTaken(Conflict):
    """There is a role of this name already."""

    code = "role_taken"


class HeldAlready(Conflict):
    """The member holds this role already."""

    code = "held_already"


async def create(
    session: AsyncSession,
    actor: Actor,
    *,
    name: str,
    description: str,
    permissions: Collection[Permission],
) -> TenantRole:
    """Make a role of the actor's tenant, of permissions that the actor holds."""
    actor.require(Permission.ROLE_MANAGE)
    if name in set(Role):
        raise RoleTaken
    role = TenantRole(
        tenant_id=actor.require_tenant(),
        name=name,
        description=description,
        permissions=_held(actor, permissions),
    )
    try:
        async with session.begin_nested():
            session.add(role)
    except IntegrityError as error:
        raise RoleTaken from error
    audit.record(session, actor, "role.create", name, permissions=role.permissions)
    return role


async def change(
    session: AsyncSession,
    actor: Actor,
    role: TenantRole,
    *,
    description: str | None = None,
    permissions: Collection[Permission] | None = None,
) -> None:
    """Change what a role says or holds; it counts at its members' next statement."""
    actor.require(Permission.ROLE_MANAGE)
    if permissions is not None:
        await refuse_own(session, actor, role_id=role.id)
        role.permissions = _held(actor, permissions)
    if description is not None:
        role.description = description
    await session.flush()
    audit.record(session, actor, "role.change", role.name, permissions=role.permissions)


async def delete(session: AsyncSession, actor: Actor, role: TenantRole) -> None:
    """Delete a role; its members lose what it gave at their next statement."""
    actor.require(Permission.ROLE_MANAGE)
    where = soft_delete.one(TenantRole, actor.require_tenant(), role.id)
    await soft_delete.remove(session, actor, TenantRole, *where)
    audit.record(session, actor, "role.delete", role.name)


async def give(
    session: AsyncSession, actor: Actor, membership_id: UUID, role: TenantRole
) -> MemberRole:
    """Give a member a role that the actor could have made, with the grants that it has."""
    actor.require(Permission.ROLE_MANAGE)
    await refuse_own(session, actor, membership_id=membership_id)
    _held(actor, [Permission(permission) for permission in role.permissions])
    await _refuse_wider_grants(session, actor, role)
    given = MemberRole(
        tenant_id=actor.require_tenant(), membership_id=membership_id, role_id=role.id
    )
    try:
        async with session.begin_nested():
            session.add(given)
    except IntegrityError as error:
        raise HeldAlready from error
    audit.record(session, actor, "role.give", role.name, membership_id=str(membership_id))
    return given


async def take(session: AsyncSession, actor: Actor, membership_id: UUID, role: TenantRole) -> None:
    """Take a role from a member; raise NotFound when the member does not hold it."""
    actor.require(Permission.ROLE_MANAGE)
    await refuse_own(session, actor, membership_id=membership_id)
    await soft_delete.remove(
        session,
        actor,
        MemberRole,
        MemberRole.tenant_id == actor.require_tenant(),
        MemberRole.membership_id == membership_id,
        MemberRole.role_id == role.id,
    )
    audit.record(session, actor, "role.take", role.name, membership_id=str(membership_id))


async def refuse_own(
    session: AsyncSession,
    actor: Actor,
    *,
    membership_id: UUID | None = None,
    role_id: UUID | None = None,
) -> None:
    """Raise OwnRole for the actor's own membership or role, NotFound where there is no member."""
    own = select(Membership.id).where(
        Membership.tenant_id == actor.require_tenant(), Membership.user_id == actor.user_id
    )
    if membership_id is not None:
        member = await session.get(Membership, (actor.require_tenant(), membership_id))
        if member is None or member.deleted_at is not None:
            raise NotFound("There is no such member.")
        if member.user_id == actor.user_id:
            raise OwnRole
    elif await session.scalar(
        own.join(
            MemberRole,
            (MemberRole.tenant_id == Membership.tenant_id)
            & (MemberRole.membership_id == Membership.id),
        ).where(MemberRole.role_id == role_id)
    ):
        raise OwnRole


async def _refuse_wider_grants(session: AsyncSession, actor: Actor, role: TenantRole) -> None:
    for grant, definition_id in await session.execute(queries.grants_of(actor, [role.id])):
        target = grant.name or str(definition_id)
        if missing := sorted(p for p in grant.permissions if not actor.may(Permission(p), target)):
            raise TooWide(f"You do not hold {', '.join(missing)} on all that the role is granted.")


def _held(actor: Actor, permissions: Collection[Permission]) -> list[str]:
    wanted = frozenset(permissions)
    if foreign := sorted(wanted - OF_TENANTS):
        detail = Detail("permissions", f"no role of a tenant holds {', '.join(foreign)}")
        raise Invalid("A role holds permissions of a tenant.", details=[detail])
    if missing := sorted(wanted - actor.permissions):
        raise TooWide(f"You do not hold {', '.join(missing)} yourself.")
    return sorted(wanted)
