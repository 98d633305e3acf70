"""Bringing a member back who was removed, with the roles and grants of before."""

from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries
from workbench.access.commands import AlreadyMember, TooWide
from workbench.access.models import Membership
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import soft_delete
from workbench.errors import NotFound
from workbench.outbox import commands as outbox
from workbench.permissions import ROLES, Permission, Role


async def restore_member(session: AsyncSession, actor: Actor, membership_id: UUID) -> Membership:
    """Give a removed member the place back, unless something of it is wider than the actor."""
    actor.require(Permission.MEMBER_MANAGE)
    tenant_id = actor.require_tenant()
    membership = await session.get(
        Membership,
        (tenant_id, membership_id),
        with_for_update=True,
        execution_options={soft_delete.INCLUDE_DELETED: True},
    )
    if membership is None or membership.deleted_at is None:
        raise NotFound("Nobody was removed there.")
    await _refuse_wider(session, actor, membership)
    try:
        async with session.begin_nested():
            where = soft_delete.one(Membership, tenant_id, membership_id)
            await soft_delete.restore(session, Membership, *where)
    except IntegrityError as error:
        raise AlreadyMember from error
    outbox.put(session, actor, "member.changed", membership_id=membership.id)
    audit.record(session, actor, "member.restore", str(membership.user_id), role=membership.role)
    return membership


async def _refuse_wider(session: AsyncSession, actor: Actor, membership: Membership) -> None:
    """Raise TooWide where role, roles of the tenant's own or grants give what the actor lacks."""
    held = await session.execute(queries.roles_held(actor, [membership.id]))
    roles = [role for _, role in held]
    wanted = {str(permission) for permission in ROLES[Role(membership.role)]}
    wanted.update(permission for role in roles for permission in role.permissions)
    missing = wanted - {str(permission) for permission in actor.permissions}
    grants = queries.grants_of(actor, [role.id for role in roles], membership.id)
    for grant, definition_id in await session.execute(grants):
        on = grant.name or str(definition_id)
        missing.update(p for p in grant.permissions if not actor.may(Permission(p), on))
    if missing:
        raise TooWide(f"You do not hold {', '.join(sorted(missing))} yourself.")
