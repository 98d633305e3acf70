"""Members: who belongs to the tenant, and with which role."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import commands, queries, returning
from workbench.access.models import Membership
from workbench.actor import Actor
from workbench.api import credentials, etags
from workbench.api.dependencies import (
    DEFAULT_LIMIT,
    CurrentActor,
    Cursor,
    Limit,
    Parts,
    Session,
)
from workbench.api.routes import ActorRoute
from workbench.api.shapes import Order, PageView, page_view
from workbench.db import listing
from workbench.errors import NotFound
from workbench.identity.models import User
from workbench.permissions import Role

router = APIRouter(prefix="/api/v1/members", route_class=ActorRoute, tags=["members"])


class MemberChange(Order):
    """The role that a member is to have."""

    role: Literal["guest", "viewer", "analyst", "engineer", "owner"]


class MemberView(BaseModel):
    """A user's place in the tenant; `roles` are those of the tenant's own that are held."""

    id: UUID
    user_id: UUID
    email: str
    name: str
    role: str
    roles: list[str]
    created_at: datetime


@router.get("")
async def members(
    actor: CurrentActor, session: Session, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> PageView[MemberView]:
    """List the members of the tenant, by e-mail address."""
    page = await listing.page(
        session, queries.members(actor), [User.email], cursor=cursor, limit=limit
    )
    held = await roles_held(session, actor, [row.Membership.id for row in page.items])
    return page_view(page, lambda m, u: view(m, u, held.get(m.id, [])))


@router.delete("/me", status_code=204)
async def leave(actor: CurrentActor, parts: Parts, response: Response) -> None:
    """Leave the tenant; access ends at once. Its last owner stays."""
    await commands.leave(parts.database, actor)
    credentials.clear_cookies(response)


@router.get("/{member_id}")
async def member(
    member_id: UUID, actor: CurrentActor, session: Session, response: Response
) -> MemberView:
    """Show one member."""
    found = await _found(session, actor, member_id)
    etags.put(response, found)
    return found


@router.patch("/{member_id}")
async def change(
    member_id: UUID,
    change: MemberChange,
    actor: CurrentActor,
    session: Session,
    response: Response,
    if_match: etags.IfMatch = None,
) -> MemberView:
    """Give a member another role; it holds at the member's next statement."""
    seen = await _found(session, actor, member_id)
    etags.check(if_match, seen)
    was = Role(seen.role) if if_match else None
    await commands.change_role(session, actor, member_id, Role(change.role), was=was)
    found = await _found(session, actor, member_id)
    etags.put(response, found)
    return found


@router.delete("/{member_id}", status_code=204)
async def remove(
    member_id: UUID, actor: CurrentActor, session: Session, if_match: etags.IfMatch = None
) -> None:
    """Take a member's place; access ends at the member's next statement."""
    seen = await _found(session, actor, member_id)
    etags.check(if_match, seen)
    was = Role(seen.role) if if_match else None
    await commands.remove_member(session, actor, member_id, was=was)


@router.post("/{member_id}/restore")
async def restore(
    member_id: UUID, actor: CurrentActor, session: Session, response: Response
) -> MemberView:
    """Bring a removed member back, with the roles and grants of before; he signs in again."""
    await returning.restore_member(session, actor, member_id)
    found = await _found(session, actor, member_id)
    etags.put(response, found)
    return found


async def _found(session: AsyncSession, actor: Actor, member_id: UUID) -> MemberView:
    row = (await session.execute(queries.member(actor, member_id))).first()
    if row is None:
        raise NotFound
    held = await roles_held(session, actor, [member_id])
    return view(*row, held.get(member_id, []))


async def roles_held(
    session: AsyncSession, actor: Actor, member_ids: Sequence[UUID]
) -> dict[UUID, list[str]]:
    """The names of the tenant's own roles that members hold."""
    held: dict[UUID, list[str]] = {}
    for member_id, role in await session.execute(queries.roles_held(actor, member_ids)):
        held.setdefault(member_id, []).append(role.name)
    return held


def view(membership: Membership, user: User, roles: list[str]) -> MemberView:
    """A member as the API shows one."""
    return MemberView(
        id=membership.id,
        user_id=user.id,
        email=user.email,
        name=user.name,
        role=membership.role,
        roles=roles,
        created_at=membership.created_at,
    )
