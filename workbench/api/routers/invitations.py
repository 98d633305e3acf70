"""Invitations: places in the tenant that are offered by mail, and how they are accepted."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import invitations as commands
from workbench.access import queries
from workbench.access.models import Invitation
from workbench.actor import Actor
from workbench.api import credentials, etags, limits
from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Parts, Session
from workbench.api.once import Once
from workbench.api.routers.passwords import MAX_TOKEN
from workbench.api.routes import ActorRoute, LoginRoute, MailRoute
from workbench.api.shapes import Order, PageView, page_view
from workbench.db import listing
from workbench.errors import NotFound, WorkbenchError
from workbench.notifications import invitations
from workbench.notifications.invitations import Invited, Newcomer
from workbench.permissions import Permission, Role

PREFIX = "/api/v1/invitations"
State = Literal["open", "accepted", "expired"]

router = APIRouter(prefix=PREFIX, route_class=ActorRoute, tags=["invitations"])
sending = APIRouter(prefix=PREFIX, route_class=MailRoute, tags=["invitations"])
public = APIRouter(prefix=PREFIX, route_class=LoginRoute, tags=["invitations"])


class NewInvitation(Order):
    """Whom to invite, and the role to be held in the tenant."""

    email: str = Field(min_length=3, max_length=254, examples=["ann@acme.example"])
    role: Literal["guest", "viewer", "analyst", "engineer", "owner"]


class InvitationView(BaseModel):
    """A place in the tenant that is offered to an address."""

    id: UUID
    email: str
    role: str
    status: State
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None


class Shown(Order):
    """The token from the mail."""

    token: SecretStr = Field(max_length=MAX_TOKEN)


class Acceptance(Shown):
    """What a newcomer chooses; who has an account gives its password, or is signed in."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    password: SecretStr | None = Field(default=None, max_length=1000)


class OfferView(BaseModel):
    """What a mail offers to whom; `has_account` tells whether its password is asked for."""

    email: str
    tenant: str
    tenant_name: str
    role: str
    has_account: bool


@public.post("/show")
async def show(order: Shown, parts: Parts) -> OfferView:
    """Tell what the token from a mail offers."""
    token = order.token.get_secret_value()
    invited = await invitations.look(parts.database, parts.tokens.mail, token, parts.clock())
    return _offer(invited)


@public.post("/accept")
async def accept(order: Acceptance, request: Request, parts: Parts) -> OfferView:
    """Take the place; it serves once, and only the user of the invited address."""
    newcomer = Newcomer(
        user_id=await _signed_in(request, parts),
        name=order.name,
        password=order.password.get_secret_value() if order.password else None,
    )
    token = order.token.get_secret_value()
    # A password is tried here as at the log-in, so its tries are counted alike.
    await parts.limiter.hit(limits.ACCOUNT, limits.account(token))
    return _offer(
        await invitations.accept(parts.database, parts.tokens.mail, token, newcomer, parts.clock())
    )


@router.get("")
async def list_(
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> PageView[InvitationView]:
    """List the invitations of the tenant, the newest first."""
    page = await listing.page(
        session,
        queries.invitations(actor),
        [Invitation.id],
        cursor=cursor,
        limit=limit,
        newest_first=True,
    )
    now = parts.clock()
    return page_view(page, lambda found: _view(found, now))


@sending.post("", status_code=201, dependencies=[Once])
async def invite(
    order: NewInvitation, actor: CurrentActor, session: Session, parts: Parts, response: Response
) -> InvitationView:
    """Invite an address by mail; the answer is the same whether or not it has an account."""
    actor.require(Permission.MEMBER_MANAGE)  # or else strangers could use up an address's count
    await parts.limiter.hit(limits.RECIPIENT, "invitation", limits.account(order.email))
    now = parts.clock()
    made = await invitations.send(session, actor, email=order.email, role=Role(order.role), now=now)
    response.headers["Location"] = f"{PREFIX}/{made.id}"
    return _answered(made, now, response)


@router.get("/{invitation_id}")
async def invitation(
    invitation_id: UUID, actor: CurrentActor, session: Session, parts: Parts, response: Response
) -> InvitationView:
    """Show one invitation."""
    found = await _found(session, actor, invitation_id)
    return _answered(found, parts.clock(), response)


@sending.post("/{invitation_id}/resend", dependencies=[Once])
async def resend(
    invitation_id: UUID, actor: CurrentActor, session: Session, parts: Parts, response: Response
) -> InvitationView:
    """Send an invitation again, for another week; the link of the mail before ends."""
    seen = await _found(session, actor, invitation_id)
    actor.require(Permission.MEMBER_MANAGE)
    await parts.limiter.hit(limits.RECIPIENT, "invitation", limits.account(seen.email))
    now = parts.clock()
    return _answered(await invitations.resend(session, actor, invitation_id, now), now, response)


@router.delete("/{invitation_id}", status_code=204)
async def withdraw(
    invitation_id: UUID,
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    if_match: etags.IfMatch = None,
) -> None:
    """Take an invitation back; its link ends at once."""
    etags.check(if_match, _view(await _found(session, actor, invitation_id), parts.clock()))
    await commands.withdraw(session, actor, invitation_id)


async def _found(session: AsyncSession, actor: Actor, invitation_id: UUID) -> Invitation:
    found = await session.scalar(queries.invitation(actor, invitation_id))
    if found is None:
        raise NotFound
    return found


async def _signed_in(request: Request, parts: Parts) -> UUID | None:
    """The user who is signed in with all that he may do; a run's token is not he himself."""
    token = credentials.access_token(request)
    if not token:
        return None
    try:
        claims = parts.tokens.read_access(token, parts.clock())
        actor = await queries.actor_of(parts.database, claims)
    except WorkbenchError:
        return None
    return actor.user_id if claims.permissions is None else None


def _answered(found: Invitation, now: datetime, response: Response) -> InvitationView:
    view = _view(found, now)
    etags.put(response, view)
    return view


def _view(found: Invitation, now: datetime) -> InvitationView:
    state: State = "open" if found.expires_at > now else "expired"
    return InvitationView(
        id=found.id,
        email=found.email,
        role=found.role,
        status="accepted" if found.accepted_at else state,
        created_at=found.created_at,
        expires_at=found.expires_at,
        accepted_at=found.accepted_at,
    )


def _offer(invited: Invited) -> OfferView:
    return OfferView(
        email=invited.email,
        tenant=invited.tenant.slug,
        tenant_name=invited.tenant.name,
        role=invited.role,
        has_account=invited.user_id is not None,
    )
