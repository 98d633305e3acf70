"""Changes to memberships; a tenant always keeps an owner."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import proof
from workbench.access.models import Membership
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import live, soft_delete
from workbench.db.session import Database
from workbench.errors import Conflict, Forbidden, NotFound, Stale
from workbench.outbox import commands as outbox
from workbench.permissions import MEMBER_ROLES, ROLES, Permission, Role

NO_SUCH_USER = "23503"  # PostgreSQL's foreign_key_violation


class LastOwner(Conflict):
    """A tenant keeps at least one owner."""

    code = "last_owner"


class AlreadyMember(Conflict):
    """This user is a member already."""

    code = "already_member"


class OwnRole(Forbidden):
    """Nobody changes the role that he holds himself."""

    code = "own_role"


class TooWide(Forbidden):
    """Nobody gives what he does not hold himself."""

    code = "too_wide"


async def add_member(session: AsyncSession, actor: Actor, user_id: UUID, role: Role) -> Membership:
    """Give a user a place in the actor's tenant, with a role no wider than the actor's own."""
    actor.require(Permission.MEMBER_MANAGE)
    membership = Membership(
        tenant_id=actor.require_tenant(), user_id=user_id, role=_given(actor, role)
    )
    try:
        async with session.begin_nested():
            session.add(membership)
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == NO_SUCH_USER:
            raise NotFound("There is no such user.") from error
        raise AlreadyMember from error
    outbox.put(session, actor, "member.changed", membership_id=membership.id)
    audit.record(session, actor, "member.add", str(user_id), role=role)
    return membership


async def change_role(
    session: AsyncSession,
    actor: Actor,
    membership_id: UUID,
    role: Role,
    *,
    was: Role | None = None,
) -> Membership:
    """Give a member another role, no wider than the actor's; it holds at the next statement.

    Raise Stale when the member's role is no longer the one it `was` to the caller.
    """
    given = _given(actor, role)
    membership = await _locked(session, actor, membership_id, was)
    if role != Role.OWNER:
        await _keep_an_owner(session, membership)
    audit.record(
        session, actor, "member.change", str(membership.user_id), was=membership.role, role=role
    )
    if not ROLES[role] >= ROLES[Role(membership.role)]:
        await _cancel(session, membership)
    membership.role = given
    outbox.put(session, actor, "member.changed", membership_id=membership.id)
    await session.flush()
    return membership


async def remove_member(
    session: AsyncSession, actor: Actor, membership_id: UUID, *, was: Role | None = None
) -> None:
    """Take a member's place; access ends at the next statement. Raise Stale as `change_role`."""
    membership = await _locked(session, actor, membership_id, was)
    await _remove(session, actor, membership)
    audit.record(session, actor, "member.remove", str(membership.user_id))


async def leave(database: Database, actor: Actor) -> None:
    """Take the actor's own place in its tenant; access ends at the next statement.

    A member need not be allowed to manage members: the place is taken by a task for the member.
    """
    tenant_id = actor.require_tenant()
    task = Actor.of_system(
        "leave", Permission.MEMBER_MANAGE, Permission.MEMBER_READ, tenant_id=tenant_id
    )
    async with database.session(actor) as session:
        await proof.require_login(session, actor)
    async with database.session(task) as session:
        await _lock_owners(session, tenant_id)
        membership = await session.scalar(
            select(Membership).where(
                Membership.tenant_id == tenant_id, Membership.user_id == actor.user_id
            )
        )
        if membership is None:
            raise NotFound
        await _remove(session, actor, membership)
        audit.record(session, actor, "member.leave", str(actor.user_id))


async def _remove(session: AsyncSession, actor: Actor, membership: Membership) -> None:
    await _keep_an_owner(session, membership)
    await _cancel(session, membership)
    where = soft_delete.one(Membership, membership.tenant_id, membership.id)
    await soft_delete.remove(session, actor, Membership, *where)
    outbox.put(session, actor, "member.changed", membership_id=membership.id)


async def _cancel(session: AsyncSession, member: Membership) -> None:
    """Have what the member runs in the tenant cancelled once this is committed."""
    sids = await live.sids(session, user_id=member.user_id, tenant_id=member.tenant_id)
    live.cancel(session, *sids)


async def _locked(
    session: AsyncSession, actor: Actor, membership_id: UUID, was: Role | None
) -> Membership:
    actor.require(Permission.MEMBER_MANAGE)
    tenant_id = actor.require_tenant()
    await _lock_owners(session, tenant_id)
    membership = await session.get(Membership, (tenant_id, membership_id), with_for_update=True)
    if membership is None or membership.deleted_at is not None:
        raise NotFound
    if was is not None and membership.role != was:
        raise Stale
    if membership.user_id == actor.user_id:
        raise OwnRole
    return membership


async def _lock_owners(session: AsyncSession, tenant_id: UUID) -> None:
    # All owners are locked in one order, so that two owners cannot remove each other at once.
    await session.execute(
        select(Membership.id)
        .where(Membership.tenant_id == tenant_id, Membership.role == Role.OWNER)
        .order_by(Membership.id)
        .with_for_update()
    )


async def _keep_an_owner(session: AsyncSession, leaving: Membership) -> None:
    if leaving.role != Role.OWNER:
        return
    others = select(func.count()).where(
        Membership.tenant_id == leaving.tenant_id,
        Membership.role == Role.OWNER,
        Membership.id != leaving.id,
    )
    if await session.scalar(others) == 0:
        raise LastOwner


def _given(actor: Actor, role: Role) -> str:
    """The role as it is kept; raise TooWide unless the actor holds all of it, or is Workbench's."""
    actor.require(Permission.MEMBER_MANAGE)
    if role not in MEMBER_ROLES:
        raise Forbidden("This role belongs to the platform.")
    if actor.user_id is not None and (missing := sorted(ROLES[role] - actor.permissions)):
        raise TooWide(f"You do not hold {', '.join(missing)} yourself.")
    return role.value
