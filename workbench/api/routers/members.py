"""Members: who belongs to the tenant, and with which role."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import commands, queries
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

    role: Literal["viewer", "analyst", "engineer", "owner"]


class MemberView(BaseModel):
    """A user's place in the tenant."""

    id: UUID
    user_id: UUID
    email: str
    name: str
    role: str
    created_at: datetime


@router.get("")
async def members(
    actor: CurrentActor, session: Session, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> PageView[MemberView]:
    """List the members of the tenant, by e-mail address."""
    page = await listing.page(
        session, queries.members(actor), [User.email], cursor=cursor, limit=limit
    )
    return page_view(page, _view)


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
    view = await _found(session, actor, member_id)
    etags.put(response, view)
    return view


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
    view = await _found(session, actor, member_id)
    etags.put(response, view)
    return view


@router.delete("/{member_id}", status_code=204)
async def remove(
    member_id: UUID, actor: CurrentActor, session: Session, if_match: etags.IfMatch = None
) -> None:
    """Take a member's place; access ends at the member's next statement."""
    seen = await _found(session, actor, member_id)
    etags.check(if_match, seen)
    was = Role(seen.role) if if_match else None
    await commands.remove_member(session, actor, member_id, was=was)


async def _found(session: AsyncSession, actor: Actor, member_id: UUID) -> MemberView:
    row = (await session.execute(queries.member(actor, member_id))).first()
    if row is None:
        raise NotFound
    return _view(*row)


def _view(membership: Membership, user: User) -> MemberView:
    return MemberView(
        id=membership.id,
        user_id=user.id,
        email=user.email,
        name=user.name,
        role=membership.role,
        created_at=membership.created_at,
    )
