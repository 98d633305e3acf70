"""Invitations: a place in a tenant, offered to an e-mail address for a week."""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import commands, queries
from workbench.access.commands import AlreadyMember, TooWide
from workbench.access.models import Invitation, Membership
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import soft_delete
from workbench.errors import Conflict, NotFound
from workbench.identity import commands as identity
from workbench.identity.mail_tokens import BadLink, Offer
from workbench.identity.models import User
from workbench.permissions import MEMBER_ROLES, ROLES, Permission, Role

LIFETIME = timedelta(days=7)
HOLDS_ROLE = text("select workbench.holds_role(:user, :tenant, :role)")


class AlreadyInvited(Conflict):
    """This address is invited already; send the invitation again, or take it back first."""

    code = "already_invited"


async def invite(
    session: AsyncSession, actor: Actor, *, email: str, role: Role, now: datetime
) -> Invitation:
    """Offer an address a place; whether somebody has an account there is neither asked nor told."""
    actor.require(Permission.MEMBER_MANAGE)
    if role not in MEMBER_ROLES or not ROLES[role] <= actor.permissions:
        raise TooWide
    address = identity.checked_email(email)
    if await session.scalar(queries.members(actor).where(User.email == address)) is not None:
        raise AlreadyMember
    await _clear(session, actor, address, now)
    invitation = Invitation(
        tenant_id=actor.require_tenant(),
        email=address,
        role=role.value,
        invited_by=actor.user_id,
        expires_at=now + LIFETIME,
    )
    try:
        async with session.begin_nested():
            session.add(invitation)
    except IntegrityError as error:
        raise AlreadyInvited from error
    audit.record(session, actor, "invitation.make", address, role=role)
    return invitation


async def renew(
    session: AsyncSession, actor: Actor, invitation_id: UUID, now: datetime
) -> Invitation:
    """Offer the place for another week; the links of before end."""
    actor.require(Permission.MEMBER_MANAGE)
    invitation = await _locked(session, actor, invitation_id)
    if not ROLES[Role(invitation.role)] <= actor.permissions:
        raise TooWide
    # The token says the second: a later one must come of it.
    invitation.expires_at = max(now + LIFETIME, invitation.expires_at + timedelta(seconds=1))
    invitation.invited_by = actor.user_id
    audit.record(session, actor, "invitation.renew", invitation.email, role=invitation.role)
    await session.flush()
    return invitation


async def withdraw(session: AsyncSession, actor: Actor, invitation_id: UUID) -> None:
    """Take an invitation back; its link leads nowhere from now on."""
    actor.require(Permission.MEMBER_MANAGE)
    invitation = await _locked(session, actor, invitation_id)
    where = soft_delete.one(Invitation, invitation.tenant_id, invitation.id)
    await soft_delete.remove(session, actor, Invitation, *where)
    audit.record(session, actor, "invitation.withdraw", invitation.email)


async def offered(
    session: AsyncSession, actor: Actor, offer: Offer, now: datetime, *, for_update: bool = False
) -> Invitation:
    """The invitation that a token names, still open, from somebody who could still give it.

    Raise BadLink when there is none; `for_update` locks it until the transaction ends.
    """
    statement = queries.invitation(actor, offer.id)
    invitation = await session.scalar(statement.with_for_update() if for_update else statement)
    if (
        invitation is None
        or not _is_open(invitation, now)
        or not offer.ends_at(invitation.expires_at)
    ):
        raise BadLink
    if invitation.invited_by is not None:
        who = {"user": invitation.invited_by, "tenant": invitation.tenant_id}
        if not await session.scalar(HOLDS_ROLE, who | {"role": invitation.role}):
            raise BadLink
    return invitation


async def accept(
    session: AsyncSession, actor: Actor, offer: Offer, user_id: UUID, now: datetime
) -> tuple[Invitation, Membership]:
    """Give a user, who proved to read the mail of the address, the place that was offered."""
    actor.require(Permission.MEMBER_MANAGE)
    invitation = await offered(session, actor, offer, now, for_update=True)
    invitation.accepted_at = now
    membership = await commands.add_member(session, actor, user_id, Role(invitation.role))
    audit.record(session, actor, "invitation.accept", invitation.email, user=str(user_id))
    return invitation, membership


def _is_open(invitation: Invitation, now: datetime) -> bool:
    return invitation.accepted_at is None and invitation.expires_at > now


async def _clear(session: AsyncSession, actor: Actor, address: str, now: datetime) -> None:
    """Put earlier invitations of an address away, unless they can still be accepted."""
    with suppress(NotFound):
        await soft_delete.remove(
            session,
            actor,
            Invitation,
            Invitation.tenant_id == actor.require_tenant(),
            Invitation.email == address,
            or_(Invitation.accepted_at.is_not(None), Invitation.expires_at <= now),
        )


async def _locked(session: AsyncSession, actor: Actor, invitation_id: UUID) -> Invitation:
    statement = queries.invitation(actor, invitation_id).with_for_update()
    invitation = await session.scalar(statement)
    if invitation is None or invitation.accepted_at is not None:
        raise NotFound
    return invitation
