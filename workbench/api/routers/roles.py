"""Roles: the system's, which are fixed, and the tenant's own, with who holds them."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries, roles
from workbench.access.models import TenantRole
from workbench.actor import Actor
from workbench.api import etags
from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Session
from workbench.api.once import Once
from workbench.api.routers import members
from workbench.api.routes import ActorRoute
from workbench.api.shapes import Order, PageView, page_view
from workbench.db import listing
from workbench.errors import NotFound
from workbench.identity.models import User
from workbench.permissions import MEMBER_ROLES, ROLES, Permission

router = APIRouter(prefix="/api/v1/roles", route_class=ActorRoute, tags=["roles"])

Description = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
Permissions = Annotated[list[Permission], Field(max_length=len(Permission))]


class NewRole(Order):
    """A role of the tenant's own; it holds no more than who makes it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", examples=["jfk-desk"])
    description: Description = ""
    permissions: Permissions = Field(default=[])


class RoleChange(Order):
    """What a role is to say or hold; what is left out stays."""

    description: Description | None = None
    permissions: Permissions | None = None


class RoleView(BaseModel):
    """A role; a system role is the same for every tenant and has no id."""

    id: UUID | None
    name: str
    description: str
    permissions: list[str]
    system: bool
    members: int | None
    created_at: datetime | None


@router.get("")
async def list_(actor: CurrentActor, session: Session) -> PageView[RoleView]:
    """List the system roles, the least first, and then the tenant's own by name."""
    own = (await session.execute(queries.roles(actor))).all()
    return PageView(items=[*SYSTEM, *(_view(*row) for row in own)], next_cursor=None)


@router.post("", status_code=201, dependencies=[Once])
async def create(
    order: NewRole, actor: CurrentActor, session: Session, response: Response
) -> RoleView:
    """Make a role of permissions that the caller holds."""
    made = await roles.create(
        session,
        actor,
        name=order.name,
        description=order.description,
        permissions=order.permissions,
    )
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return await _shown(session, actor, made.id, response)


@router.get("/{role_id}")
async def role(
    role_id: UUID, actor: CurrentActor, session: Session, response: Response
) -> RoleView:
    """Show one role of the tenant's own."""
    return await _shown(session, actor, role_id, response)


@router.patch("/{role_id}")
async def change(
    role_id: UUID,
    change: RoleChange,
    actor: CurrentActor,
    session: Session,
    response: Response,
    if_match: etags.IfMatch = None,
) -> RoleView:
    """Change what a role says or holds; it counts at its members' next statement."""
    found = await _found(session, actor, role_id, if_match)
    await roles.change(
        session, actor, found, description=change.description, permissions=change.permissions
    )
    return await _shown(session, actor, role_id, response)


@router.delete("/{role_id}", status_code=204)
async def delete(
    role_id: UUID, actor: CurrentActor, session: Session, if_match: etags.IfMatch = None
) -> None:
    """Delete a role; its members lose what it gave at their next statement."""
    await roles.delete(session, actor, await _found(session, actor, role_id, if_match))


@router.get("/{role_id}/members")
async def role_members(
    role_id: UUID,
    actor: CurrentActor,
    session: Session,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> PageView[members.MemberView]:
    """List the members who hold a role of the tenant's own, by e-mail address."""
    await _found(session, actor, role_id)
    statement = queries.role_members(actor, role_id)
    page = await listing.page(session, statement, [User.email], cursor=cursor, limit=limit)
    held = await members.roles_held(session, actor, [row.Membership.id for row in page.items])
    return page_view(page, lambda m, u: members.view(m, u, held.get(m.id, [])))


@router.put("/{role_id}/members/{member_id}", status_code=204)
async def give(role_id: UUID, member_id: UUID, actor: CurrentActor, session: Session) -> None:
    """Give a member a role that the caller could have made; once given, it stays given."""
    found = await _found(session, actor, role_id)
    with suppress(roles.HeldAlready):
        await roles.give(session, actor, member_id, found)


@router.delete("/{role_id}/members/{member_id}", status_code=204)
async def take(role_id: UUID, member_id: UUID, actor: CurrentActor, session: Session) -> None:
    """Take a role from a member."""
    await roles.take(session, actor, member_id, await _found(session, actor, role_id))


async def _found(
    session: AsyncSession, actor: Actor, role_id: UUID, if_match: str | None = None
) -> TenantRole:
    statement = queries.role(actor, role_id)
    if if_match is not None:
        statement = statement.with_for_update(of=TenantRole)
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound("There is no such role.")
    etags.check(if_match, _view(*row))
    return row[0]


async def _shown(
    session: AsyncSession, actor: Actor, role_id: UUID, response: Response
) -> RoleView:
    row = (await session.execute(queries.role(actor, role_id))).first()
    if row is None:
        raise NotFound("There is no such role.")
    view = _view(*row)
    etags.put(response, view)
    return view


def _view(role: TenantRole, holders: int) -> RoleView:
    return RoleView(
        id=role.id,
        name=role.name,
        description=role.description,
        permissions=role.permissions,
        system=False,
        members=holders,
        created_at=role.created_at,
    )


SYSTEM = [
    RoleView(
        id=None,
        name=role.value,
        description="",
        permissions=sorted(ROLES[role]),
        system=True,
        members=None,
        created_at=None,
    )
    for role in MEMBER_ROLES
]
