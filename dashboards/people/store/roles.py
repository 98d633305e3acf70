"""Roles: the system's, and the tenant's own, which are made, changed and deleted."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from dashboards.visits import Visit
from workbench.access import queries, roles
from workbench.access.models import TenantRole
from workbench.errors import Invalid, NotFound
from workbench.permissions import ROLES, Permission, Role

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Known:
    """A role with how many members hold it; a system role has no id."""

    id: UUID | None
    name: str
    description: str
    permissions: frozenset[str]
    members: int


class RoleStore:
    """Asks about roles and changes the tenant's own, for one visit."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._actor = visit.actor
        self._database = visit.house.database

    @property
    def may_manage(self) -> bool:
        """Whether it makes sense to offer changes; the commands decide."""
        return self._actor.may(Permission.ROLE_MANAGE)

    @property
    def givable(self) -> frozenset[str]:
        """The permissions that the visitor could put into a role."""
        held = self._actor.permissions & ROLES[Role.OWNER]
        return frozenset(permission.value for permission in held)

    async def roles(self) -> list[Known]:
        """The roles of the system, the least first, then the tenant's own by name."""
        async with self._database.session(self._actor) as session:
            counts = dict((await session.execute(queries.member_counts(self._actor))).all())
            own = (await session.execute(queries.roles(self._actor))).all()
        system = [
            Known(None, role.value, "", frozenset(ROLES[role]), counts.get(role.value, 0))
            for role in Role
            if role is not Role.OPERATOR
        ]
        return system + [
            Known(role.id, role.name, role.description, frozenset(role.permissions), count)
            for role, count in own
        ]

    async def create(self, name: str, description: str) -> None:
        """Make a role that allows nothing yet."""
        if NAME.fullmatch(name) is None:
            raise Invalid(
                "A role is called with small letters, digits and hyphens, a letter first."
            )
        async with self._database.session(self._actor) as session:
            await roles.create(
                session, self._actor, name=name, description=description, permissions=()
            )

    async def hold(self, role_id: UUID, permission: str, *, is_held: bool) -> str:
        """Put a permission into a role or take it out, and answer the role's name."""
        async with self._database.session(self._actor) as session:
            role = await self._found(session, role_id)
            one = {_permission(permission)}
            held = {Permission(each) for each in role.permissions}
            wanted: Collection[Permission] = held | one if is_held else held - one
            await roles.change(session, self._actor, role, permissions=wanted)
            return role.name

    async def delete(self, role_id: UUID) -> str:
        """Delete a role and answer its name."""
        async with self._database.session(self._actor) as session:
            role = await self._found(session, role_id)
            await roles.delete(session, self._actor, role)
            return role.name

    async def _found(self, session: AsyncSession, role_id: UUID) -> TenantRole:
        # Locked: two visitors who tick boxes of one role follow each other.
        statement = queries.role(self._actor, role_id).with_for_update(of=TenantRole)
        row = (await session.execute(statement)).first()
        if row is None:
            raise NotFound("There is no such role any more.")
        return row[0]


def _permission(name: str) -> Permission:
    try:
        return Permission(name)
    except ValueError as error:
        raise Invalid("There is no such permission.") from error
