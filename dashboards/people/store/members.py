"""Members and invitations: listed, invited, changed, removed and brought back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from dashboards.visits import Visit
from workbench.access import commands, queries, returning, roles
from workbench.access import invitations as offers
from workbench.access.models import Invitation, TenantRole
from workbench.api import limits
from workbench.audit import queries as audit
from workbench.db import listing
from workbench.errors import Invalid, NotFound
from workbench.identity.models import User
from workbench.notifications import invitations
from workbench.permissions import MEMBER_ROLES, ROLES, Permission, Role
from workbench.tenants import queries as tenants

PAGE = 25
SHOWN_INVITATIONS = 200
INVITE = "POST /api/v1/invitations"  # counted with those that come over the API


@dataclass(frozen=True, slots=True)
class OwnRole:
    """A role of the tenant's own, by id and name."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the list shows one; `seen` is None where it is not known."""

    id: UUID
    name: str
    email: str
    role: str
    roles: list[OwnRole]
    since: datetime
    seen: datetime | None
    is_self: bool


@dataclass(frozen=True, slots=True)
class Members:
    """One page of members, and the cursor of the next."""

    items: list[Member]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that nobody has accepted yet."""

    id: UUID
    email: str
    role: str
    made: datetime
    expires: datetime
    is_open: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """What stands around the list: whose people, how many of each role, which roles there are."""

    tenant: str
    counts: Counter[str]
    own_roles: list[OwnRole]
    invited: list[Invited] = field(default_factory=list)


class MemberStore:
    """Asks about members and changes them, for one visit."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._actor = visit.actor
        self._house = visit.house
        self._database = visit.house.database

    @property
    def may_see(self) -> bool:
        """Whether it makes sense to show members; the queries decide."""
        return self._actor.may(Permission.MEMBER_READ)

    @property
    def may_manage(self) -> bool:
        """Whether it makes sense to offer changes; the commands decide."""
        return self._actor.may(Permission.MEMBER_MANAGE)

    @property
    def may_give(self) -> bool:
        """Whether it makes sense to offer the tenant's own roles; the commands decide."""
        return self._actor.may(Permission.ROLE_MANAGE)

    @property
    def roles(self) -> list[str]:
        """The system roles that the visitor could give."""
        return [r.value for r in MEMBER_ROLES if ROLES[r] <= self._actor.permissions]

    async def desk(self, now: datetime | None = None) -> Desk:
        """What stands around the list of members."""
        actor = self._actor
        async with self._database.session(actor) as session:
            tenant = await session.scalar(tenants.tenant(actor, actor.require_tenant()))
            counts = dict((await session.execute(queries.member_counts(actor))).all())
            own = [OwnRole(r.id, r.name) for r, _ in await session.execute(queries.roles(actor))]
            pending = queries.pending_invitations(actor).limit(SHOWN_INVITATIONS)
            found = (await session.scalars(pending)).all()
        invited = [_invited(each, now or datetime.now(UTC)) for each in found]
        return Desk(tenant.name if tenant else "", Counter(counts), own, invited)

    async def page(self, sought: str, role: str, cursor: str | None) -> Members:
        """A page of members, by e-mail address."""
        statement = queries.members(self._actor, sought=sought.strip(), role=role or None)
        async with self._database.session(self._actor) as session:
            page = await listing.page(session, statement, [User.email], cursor=cursor, limit=PAGE)
            items = await self._shown(session, page.items)
        return Members(items, page.next_cursor)

    async def invite(self, email: str, role: str) -> str:
        """Invite an address and answer it as it is kept."""
        now = datetime.now(UTC)
        await self._count(INVITE, email)
        async with self._database.session(self._actor) as session:
            made = await invitations.send(
                session, self._actor, email=email, role=chosen(role), now=now
            )
            return made.email

    async def resend(self, invitation_id: UUID) -> str:
        """Send an invitation again and answer its address."""
        async with self._database.session(self._actor) as session:
            seen = await session.scalar(queries.invitation(self._actor, invitation_id))
            if seen is None:
                raise NotFound("This invitation is not there any more.")
            self._actor.require(Permission.MEMBER_MANAGE)
            await self._count(f"{INVITE}/{{invitation_id}}/resend", seen.email)
            now = datetime.now(UTC)
            sent = await invitations.resend(session, self._actor, invitation_id, now)
            return sent.email

    async def withdraw(self, invitation_id: UUID) -> None:
        """Take an invitation back."""
        async with self._database.session(self._actor) as session:
            await offers.withdraw(session, self._actor, invitation_id)

    async def change_role(self, member_id: UUID, role: str) -> None:
        """Give a member another system role."""
        async with self._database.session(self._actor) as session:
            await commands.change_role(session, self._actor, member_id, chosen(role))

    async def remove(self, member_id: UUID) -> None:
        """Take a member's place."""
        async with self._database.session(self._actor) as session:
            await commands.remove_member(session, self._actor, member_id)

    async def restore(self, member_id: UUID) -> None:
        """Give a removed member the place back."""
        async with self._database.session(self._actor) as session:
            await returning.restore_member(session, self._actor, member_id)

    async def give(self, member_id: UUID, role_id: UUID) -> None:
        """Give a member a role of the tenant's own."""
        async with self._database.session(self._actor) as session:
            await roles.give(session, self._actor, member_id, await self._role(session, role_id))

    async def take(self, member_id: UUID, role_id: UUID) -> None:
        """Take a role of the tenant's own from a member."""
        async with self._database.session(self._actor) as session:
            await roles.take(session, self._actor, member_id, await self._role(session, role_id))

    async def _role(self, session: AsyncSession, role_id: UUID) -> TenantRole:
        row = (await session.execute(queries.role(self._actor, role_id))).first()
        if row is None:
            raise NotFound("There is no such role any more.")
        return row[0]

    async def _shown(self, session: AsyncSession, rows: Sequence[Any]) -> list[Member]:
        ids = [row.Membership.id for row in rows]
        held: dict[UUID, list[OwnRole]] = {}
        for member_id, role in await session.execute(queries.roles_held(self._actor, ids)):
            held.setdefault(member_id, []).append(OwnRole(role.id, role.name))
        seen = await self._seen(session, [str(row.User.id) for row in rows])
        return [
            Member(
                id=membership.id,
                name=user.name,
                email=user.email,
                role=membership.role,
                roles=held.get(membership.id, []),
                since=membership.created_at,
                seen=seen.get(str(user.id)),
                is_self=user.id == self._actor.user_id,
            )
            for membership, user in rows
        ]

    async def _seen(self, session: AsyncSession, subjects: list[str]) -> dict[str, datetime]:
        """When they did something here last, for who may read the audit."""
        if not self._actor.may(Permission.AUDIT_READ):
            return {}
        found = await session.execute(audit.last_acts(self._actor, subjects))
        return {subject: at for subject, at in found if at is not None}

    async def _count(self, route: str, email: str) -> None:
        """Count a mail as the API does, by who sends it and by who gets it."""
        self._actor.require(Permission.MEMBER_MANAGE)
        if (limiter := self._house.limiter) is not None:
            await limiter.hit(limits.MAIL, route, str(self._actor.user_id))
            await limiter.hit(limits.RECIPIENT, "invitation", limits.account(email))


def chosen(role: str) -> Role:
    """A system role by its name; raise Invalid when there is none."""
    try:
        return Role(role)
    except ValueError as error:
        raise Invalid("Choose a role.") from error


def _invited(found: Invitation, now: datetime) -> Invited:
    is_open = found.expires_at > now
    return Invited(found.id, found.email, found.role, found.created_at, found.expires_at, is_open)
