"""What the link of a mail leads to: the token is made when the mail is sent, and kept nowhere."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.identity import resets
from workbench.identity.mail_tokens import BadLink, MailTokens, Offer, Purpose
from workbench.identity.models import User
from workbench.notifications.models import AnyMail, Template
from workbench.tenants import queries as tenants

# Which page the token of a mail opens, and which key signs it.
PURPOSES = {
    Template.INVITATION: Purpose.INVITATION,
    Template.PASSWORD_RESET: Purpose.PASSWORD_RESET,
}
# What is told to members alone: who is none when it is sent gets nothing.
OF_MEMBERS = (Template.ALERT, Template.REPORT, Template.SCHEDULE_PAUSED)
PAGES = {Template.INVITATION: "/invitation", Template.PASSWORD_RESET: "/reset/confirm"}


async def link(
    session: AsyncSession, actor: Actor, mail: AnyMail, tokens: MailTokens, now: datetime
) -> str:
    """The path and fragment that a mail links to; raise BadLink when it offers nothing any more.

    A fragment never leaves the browser: it is in no log and in no Referer.
    """
    template = Template(mail.template)
    if template in OF_MEMBERS:
        return await _inside(session, actor, mail)
    if template not in PURPOSES:
        return "/login"
    if template == Template.PASSWORD_RESET:
        offer = await resets.open_reset(
            session,
            actor,
            reset_id=mail.id,
            email=mail.recipient,
            asked_at=mail.created_at,
            now=now,
        )
    else:
        offer = await _invitation(session, actor, UUID(mail.details["invitation"]), now)
    return f"{PAGES[template]}#{tokens.make(PURPOSES[template], offer)}"


async def _inside(session: AsyncSession, actor: Actor, mail: AnyMail) -> str:
    """The way into the mail's own tenant, and there to the report, for who is a member now."""
    tenant_id = actor.require_tenant()
    members = access.members(actor).where(User.id == mail.user_id, User.email == mail.recipient)
    tenant = await session.scalar(tenants.tenant(actor, tenant_id))
    if tenant is None or (await session.execute(members)).first() is None:
        raise BadLink
    asked = {"tenant": tenant.slug}
    if "run" in mail.details:
        asked["next"] = f"/api/v1/runs/{UUID(mail.details['run'])}/report"
    return f"/login?{urlencode(asked)}"


async def _invitation(
    session: AsyncSession, actor: Actor, invitation_id: UUID, now: datetime
) -> Offer:
    found = await session.scalar(access.invitation(actor, invitation_id))
    if found is None or found.accepted_at is not None or found.expires_at <= now:
        raise BadLink
    return Offer(found.id, found.tenant_id, found.expires_at)
