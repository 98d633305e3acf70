"""Who may do what: the actor of a proved identity, and the members of a tenant."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access.models import (
    Grant,
    Impersonation,
    Invitation,
    MemberRole,
    Membership,
    TenantRole,
)
from workbench.actor import Actor
from workbench.db.model import columns
from workbench.db.session import Database
from workbench.errors import Unauthenticated
from workbench.identity.models import User
from workbench.identity.tokens import Claims
from workbench.permissions import Permission

ACTOR_OF = text("select user_id, permissions from workbench.actor_of(:sid, :tenant)")
ADMIT = text("select workbench.admit(:sid, :user, :tenant, :until, cast(:scope as text[]))")
REVOKE = text("select workbench.revoke(:sid)")


class SignedOut(Unauthenticated):
    """Your sign-in has ended; sign in again."""

    code = "signed_out"


async def actor_of(database: Database, claims: Claims) -> Actor:
    """The actor that a login is now; raise SignedOut when the login or the membership has ended."""
    values = {"sid": claims.sid, "tenant": claims.tenant_id}
    async with database.lookups.connect() as connection:
        row = (await connection.execute(ACTOR_OF, values)).first()
    if row is None or row.user_id != claims.user_id:
        raise SignedOut
    return _actor(row.permissions, claims)


async def admit(
    session: AsyncSession,
    claims: Claims,
    until: datetime,
    *,
    scope: Iterable[Permission] | None = None,
) -> Actor | None:
    """Let a login or run act until a time, with what the user may do now; None when nothing.

    With a scope it never holds more than that, however the user's rights change.
    """
    values = {
        "sid": claims.sid,
        "user": claims.user_id,
        "tenant": claims.tenant_id,
        "until": until,
        "scope": None if scope is None else sorted(scope),
    }
    held = await session.scalar(ADMIT, values)
    return None if held is None else _actor(held, claims)


async def revoke(session: AsyncSession, sid: UUID) -> None:
    """End what a login or run may do, from the next statement on."""
    await session.execute(REVOKE, {"sid": sid})


def members(actor: Actor) -> Select[Membership, User]:
    """The members of the actor's tenant with their users, by e-mail."""
    actor.require(Permission.MEMBER_READ)
    return (
        select(Membership, User)
        .join(User, User.id == Membership.user_id)
        .where(Membership.tenant_id == actor.require_tenant())
        .order_by(User.email)
    )


def member(actor: Actor, membership_id: UUID) -> Select[Membership, User]:
    """One member of the actor's tenant."""
    return members(actor).where(Membership.id == membership_id)


def invitations(actor: Actor) -> Select[Invitation]:
    """The invitations of the actor's tenant, by e-mail; those taken back are left out."""
    actor.require(Permission.MEMBER_READ)
    return (
        select(Invitation)
        .where(Invitation.tenant_id == actor.require_tenant())
        .order_by(Invitation.email)
    )


def invitation(actor: Actor, invitation_id: UUID) -> Select[Invitation]:
    """One invitation of the actor's tenant."""
    return invitations(actor).where(Invitation.id == invitation_id)


MemberRow = Row[Membership, User]


def _actor(permissions: list[str], claims: Claims) -> Actor:
    split = [
        (Permission(name), target) for name, _, target in (p.partition("@") for p in permissions)
    ]
    actor = Actor.of_user(
        claims.user_id,
        sid=claims.sid,
        tenant_id=claims.tenant_id,
        permissions=(permission for permission, target in split if not target),
        grants=((permission, target) for permission, target in split if target),
    )
    return actor if claims.permissions is None else actor.narrowed(claims.permissions)


def everything(actor: Actor) -> dict[str, Select[*tuple[Any, ...]]]:
    """What the room gives to an archive of the actor's tenant: people by name, without secrets."""
    actor.require(Permission.TENANT_EXPORT)
    tenant_id = actor.require_tenant()
    people = select(*columns(Membership), User.email, User.name)
    return {
        "memberships": people.join(User, User.id == Membership.user_id)
        .where(Membership.tenant_id == tenant_id)
        .order_by(Membership.id),
        **{
            model.__tablename__: select(*columns(model))
            .where(model.tenant_id == tenant_id)
            .order_by(model.id)
            for model in (Impersonation, Invitation, TenantRole, MemberRole, Grant)
        },
    }
