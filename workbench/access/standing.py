"""A member's standing: what he holds and from where; and asking PostgreSQL as that member."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries
from workbench.access.answers import Part, Person, Source
from workbench.access.models import Grant, Membership, TenantRole
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import tell
from workbench.errors import NotFound
from workbench.identity.models import User
from workbench.identity.tokens import Claims
from workbench.permissions import ROLES, Permission, Role
from workbench.tenants import queries as tenants

LIFETIME = timedelta(minutes=1)
PATIENCE = text("select set_config('statement_timeout', '20s', true)")


@dataclass(frozen=True, slots=True)
class Standing:
    """A member with the roles and grants that reach him, each with its dataset's definition."""

    membership: Membership
    user: User
    suspended_at: datetime | None
    roles: list[TenantRole]
    grants: list[tuple[Grant, UUID | None]]

    @property
    def person(self) -> Person:
        """The member as an explanation shows him."""
        since = self.user.disabled_at or self.suspended_at
        stopped = "disabled" if self.user.disabled_at else "suspended"
        return Person(
            id=self.membership.id,
            user_id=self.user.id,
            email=self.user.email,
            name=self.user.name,
            role=self.membership.role,
            roles=[role.name for role in self.roles],
            state=stopped if since else "active",
            since=since,
        )

    def sources(self, permission: Permission, target: str | None = None) -> list[Source]:
        """Where a permission comes from, everywhere or on the whole of a target."""
        found = [
            Source(kind="role", id=role.id, role=role.name)
            for role in self.roles
            if permission in role.permissions
        ]
        if permission in ROLES[Role(self.membership.role)]:
            found.insert(0, Source(kind="system_role", id=None, role=self.membership.role))
        return found + [
            Source(kind="grant", id=grant.id, role=self._role_of(grant))
            for grant in self._on(permission, target)
            if not (is_part(grant) and permission is Permission.ROW_READ)
        ]

    def parts(self, definition_id: UUID) -> list[Part]:
        """The grants that each show part of a dataset."""
        return [
            Part(
                grant_id=grant.id,
                role=self._role_of(grant),
                filter=grant.filter,
                masks=grant.masks,
            )
            for grant in self._on(Permission.ROW_READ, str(definition_id))
            if is_part(grant)
        ]

    def _on(self, permission: Permission, target: str | None) -> list[Grant]:
        return [
            grant
            for grant, definition_id in self.grants
            if permission in grant.permissions
            and target is not None
            and target == (grant.name or str(definition_id))
        ]

    def _role_of(self, grant: Grant) -> str | None:
        return next((role.name for role in self.roles if role.id == grant.role_id), None)


def is_part(grant: Grant) -> bool:
    """Whether a grant shows part of its dataset only."""
    return grant.filter is not None or bool(grant.masks)


async def of(session: AsyncSession, actor: Actor, membership_id: UUID) -> Standing:
    """The standing of a member of the actor's tenant; raise NotFound when there is none."""
    actor.require(Permission.ROLE_MANAGE)
    row = (await session.execute(queries.member(actor, membership_id))).first()
    if row is None:
        raise NotFound("There is no such member.")
    tenant = await session.scalar(tenants.tenant(actor, actor.require_tenant()))
    held = await session.execute(queries.roles_held(actor, [membership_id]))
    roles = [role for _, role in held]
    statement = queries.grants_of(actor, [role.id for role in roles], membership_id)
    grants = [(grant, definition) for grant, definition in await session.execute(statement)]
    suspended_at = tenant.suspended_at if tenant else None
    return Standing(row.Membership, row.User, suspended_at, roles, grants)


@asynccontextmanager
async def becoming(
    session: AsyncSession, actor: Actor, standing: Standing, now: datetime
) -> AsyncIterator[Actor | None]:
    """Be the member inside the block: PostgreSQL is told his token and answers as it does him.

    Answers None where he may not act at all. When the block ends, all of it is undone, the lens
    that was made for him too, and PostgreSQL hears the actor again.
    """
    actor.require(Permission.ROLE_MANAGE)
    savepoint = await session.begin_nested()
    try:
        claims = Claims(new_id(), standing.user.id, actor.require_tenant())
        member = await queries.admit(session, claims, now + LIFETIME)
        if member is not None:
            await tell(session, member)
            await session.execute(PATIENCE)
        yield member
    finally:
        await savepoint.rollback()
