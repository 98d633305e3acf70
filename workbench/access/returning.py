"""Bringing a member back who was removed, with the roles and grants of before."""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries
from workbench.access.commands import AlreadyMember, TooWide
from workbench.access.models import Grant, MemberRole, Membership
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
    comes_with = await _refuse_wider(session, actor, membership)
    try:
        async with session.begin_nested():
            where = soft_delete.one(Membership, tenant_id, membership_id)
            await soft_delete.restore(session, Membership, *where)
    except IntegrityError as error:
        raise AlreadyMember from error
    await _give_again(session, membership, comes_with)
    outbox.put(session, actor, "member.changed", membership_id=membership.id)
    audit.record(session, actor, "member.restore", str(membership.user_id), role=membership.role)
    return membership


async def _refuse_wider(session: AsyncSession, actor: Actor, membership: Membership) -> int:
    """How many roles and grants come with a place; raise TooWide where the actor lacks some."""
    held = await session.execute(queries.roles_held(actor, [membership.id]))
    roles = [role for _, role in held]
    wanted = {str(permission) for permission in ROLES[Role(membership.role)]}
    wanted.update(permission for role in roles for permission in role.permissions)
    missing = wanted - {str(permission) for permission in actor.permissions}
    statement = queries.grants_of(actor, [role.id for role in roles], membership.id)
    grants = (await session.execute(statement)).all()
    for grant, definition_id in grants:
        on = grant.name or str(definition_id)
        missing.update(p for p in grant.permissions if not actor.may(Permission(p), on))
    if missing:
        raise TooWide(f"You do not hold {', '.join(sorted(missing))} yourself.")
    count = len(roles) + sum(grant.membership_id == membership.id for grant, _ in grants)
    if count:
        actor.require(Permission.ROLE_MANAGE)
    return count


async def _give_again(session: AsyncSession, membership: Membership, count: int) -> None:
    """Write the roles and grants of a place once more: PostgreSQL asks whether they may be given.

    Its policies ask of what is written only; what they hide would come back unasked.
    """
    written = 0
    for model in (MemberRole, Grant):
        statement = update(model).where(
            model.tenant_id == membership.tenant_id, model.membership_id == membership.id
        )
        result = await session.execute(
            statement.values(deleted_at=None), execution_options={"synchronize_session": False}
        )
        written += cast("CursorResult[Any]", result).rowcount
    if written < count:
        raise TooWide
