"""Invitations by mail: made, sent again, looked at and accepted."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import invitations
from workbench.access.models import Invitation
from workbench.access.sign_in import SYSTEM as SIGNING_IN
from workbench.access.sign_in import WrongPassword
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import Detail, Invalid
from workbench.identity import commands as identity
from workbench.identity import passwords
from workbench.identity import queries as identities
from workbench.identity.mail_tokens import BadLink, MailTokens, Offer, Purpose
from workbench.notifications import commands
from workbench.notifications.models import Template
from workbench.permissions import Permission, Role
from workbench.tenants import queries as tenants
from workbench.tenants.models import Tenant

ENROLLING = Actor.of_system("invitations", Permission.USER_MANAGE)


@dataclass(frozen=True, slots=True)
class Invited:
    """What an invitation offers, and the user of its address, if there is one."""

    offer: Offer
    email: str
    role: str
    tenant: Tenant
    user_id: UUID | None


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a person says who accepts: who is signed in, or a password, or name and password."""

    user_id: UUID | None = None
    name: str | None = None
    password: str | None = None


async def send(
    session: AsyncSession, actor: Actor, *, email: str, role: Role, now: datetime
) -> Invitation:
    """Invite an address, by a mail that leaves with the transaction."""
    invitation = await invitations.invite(session, actor, email=email, role=role, now=now)
    await _write(session, actor, invitation)
    return invitation


async def resend(
    session: AsyncSession, actor: Actor, invitation_id: UUID, now: datetime
) -> Invitation:
    """Send an invitation once more, for another week; the links of before end."""
    invitation = await invitations.renew(session, actor, invitation_id, now)
    await _write(session, actor, invitation)
    return invitation


async def look(database: Database, tokens: MailTokens, token: str, now: datetime) -> Invited:
    """What a token from a mail offers; raise BadLink when it offers nothing any more."""
    offer = tokens.read(Purpose.INVITATION, token, now)
    if offer.tenant_id is None:
        raise BadLink
    seater = _seater(offer.tenant_id)
    async with database.session(seater) as session:
        tenant = await session.scalar(tenants.tenant(seater, offer.tenant_id))
        if tenant is None or tenant.suspended_at is not None:
            raise BadLink
        invitation = await invitations.offered(session, seater, offer, now)
        row = (await session.execute(identities.BY_EMAIL, {"email": invitation.email})).first()
        user_id = row.user_id if row else None
        return Invited(offer, invitation.email, invitation.role, tenant, user_id)


async def accept(
    database: Database, tokens: MailTokens, token: str, newcomer: Newcomer, now: datetime
) -> Invited:
    """Take the place that a mail offers.

    Whoever has an account proves to be its user; whoever has none gets one.
    """
    invited = await look(database, tokens, token, now)
    if invited.user_id is None:
        user_id = await _enrol(database, invited.email, newcomer)
    else:
        user_id = invited.user_id
        await _check_same(database, user_id, newcomer)
    seater = _seater(invited.tenant.id)
    async with database.session(seater) as session:
        invitation, _ = await invitations.accept(session, seater, invited.offer, user_id, now)
        if invitation.invited_by is not None:
            await _tell_inviter(session, seater, invitation, invited)
    return invited


def _seater(tenant_id: UUID) -> Actor:
    return Actor.of_system(
        "invitations", Permission.MEMBER_MANAGE, Permission.MEMBER_READ, tenant_id=tenant_id
    )


async def _write(session: AsyncSession, actor: Actor, invitation: Invitation) -> None:
    tenant = (await session.scalars(tenants.tenant(actor, invitation.tenant_id))).one()
    inviter = await session.scalar(identities.myself(actor))
    commands.write(
        session,
        actor,
        Template.INVITATION,
        invitation.email,
        invitation=str(invitation.id),
        tenant=tenant.name,
        role=invitation.role,
        inviter=inviter.name if inviter else "",
    )


async def _tell_inviter(
    session: AsyncSession, actor: Actor, invitation: Invitation, invited: Invited
) -> None:
    assert invitation.invited_by is not None  # noqa: S101 (asked before)
    details = {"tenant": invited.tenant.name, "address": invited.email, "role": invited.role}
    await commands.mail(
        session, actor, Template.INVITATION_ACCEPTED, invitation.invited_by, **details
    )


async def _enrol(database: Database, email: str, newcomer: Newcomer) -> UUID:
    missing = [n for n in ("name", "password") if not getattr(newcomer, n)]
    if newcomer.password is None or newcomer.name is None or missing:
        details = [Detail(name, "needed for a new account") for name in missing]
        raise Invalid("Choose a name and a password.", details=details)
    try:
        async with database.session(ENROLLING) as session:
            user = await identity.create_user(
                session, ENROLLING, email=email, name=newcomer.name, password=newcomer.password
            )
            return user.id
    except identity.EmailTaken as error:  # disabled, or made this very moment
        raise BadLink from error


async def _check_same(database: Database, user_id: UUID, newcomer: Newcomer) -> None:
    if newcomer.user_id == user_id:
        return
    async with database.session(SIGNING_IN) as session:
        hashed = await session.scalar(identities.password_hash(user_id))
    try:
        is_proved = await passwords.matches(newcomer.password or "", hashed)
    except passwords.BadPassword as error:
        raise WrongPassword from error
    if not is_proved:
        raise WrongPassword
