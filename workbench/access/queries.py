"""Who may do what: the actor of a proved identity, and the members of a tenant."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Row,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    exists,
    func,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access.models import (
    Grant,
    Impersonation,
    Invitation,
    MemberRole,
    Membership,
    TenantRole,
)
from workbench.access.schemas import Kind
from workbench.actor import Actor
from workbench.db.model import columns
from workbench.db.session import Database
from workbench.errors import Unauthenticated
from workbench.identity.models import User
from workbench.identity.tokens import Claims
from workbench.permissions import Permission

ACTOR_OF = text("select user_id, permissions from workbench.actor_of(:sid, :tenant)")
ACTORS_OF = text(
    "select asked.number, now.user_id, now.permissions "
    "from unnest(cast(:sids as uuid[]), cast(:tenants as uuid[])) "
    "with ordinality asked (sid, tenant, number), "
    "workbench.actor_of(asked.sid, asked.tenant) now"
)
ADMIT = text("select workbench.admit(:sid, :user, :tenant, :until, cast(:scope as text[]))")
REVOKE = text("select workbench.revoke(:sid)")

# Tables of a room above, by their names: whoever may not see a dataset sees no name of it.
DATASETS = table(
    "datasets",
    column("tenant_id", Uuid()),
    column("id", Uuid()),
    column("definition_id", Uuid()),
    column("deleted_at", DateTime()),
)
DEFINITIONS = table("definitions", column("id", Uuid()), column("name", Text()))


class SignedOut(Unauthenticated):
    """Your sign-in has ended; sign in again."""

    code = "signed_out"


async def actor_of(database: Database, claims: Claims) -> Actor:
    """The actor that a login is now; raise SignedOut when the login or the membership has ended."""
    values = {"sid": claims.sid, "tenant": claims.tenant_id}
    async with database.lookups.connect() as connection:
        row = (await connection.execute(ACTOR_OF, values)).first()
    if row is None or row.user_id != claims.user_id:
        raise SignedOut
    return _actor(row.permissions, claims)


async def actors_of(database: Database, asked: Collection[Claims]) -> dict[Claims, Actor]:
    """The actors that many log-ins are now, in one look; who has no access any more is left out."""
    claims = list(asked)
    values = {"sids": [c.sid for c in claims], "tenants": [c.tenant_id for c in claims]}
    async with database.lookups.connect() as connection:
        rows = (await connection.execute(ACTORS_OF, values)).all()
    found = {}
    for row in rows:
        one = claims[row.number - 1]
        if row.user_id == one.user_id:
            found[one] = _actor(row.permissions, one)
    return found


def held(actor: Actor) -> list[str]:
    """All that an actor holds, as PostgreSQL writes it."""
    return sorted(
        [*actor.permissions, *(f"{permission}@{target}" for permission, target in actor.grants)]
    )


def unchanged(actor: Actor) -> Select[bool]:
    """Whether the login of an actor that was looked up is still the same and holds the same."""
    now = func.workbench.actor_of(
        bindparam("sid", actor.sid, Uuid()), bindparam("tenant", actor.tenant_id, Uuid())
    ).table_valued(column("user_id", Uuid()), column("permissions", ARRAY(Text())), name="now")
    known = bindparam("held", held(actor), ARRAY(Text()))
    return select(
        and_(
            now.c.user_id == bindparam("user", actor.user_id, Uuid()),
            now.c.permissions.contains(known),
            now.c.permissions.contained_by(known),
        )
    )


async def admit(
    session: AsyncSession,
    claims: Claims,
    until: datetime,
    *,
    scope: Iterable[Permission] | None = None,
) -> Actor | None:
    """Let a login or run act until a time, with what the user may do now; None when nothing.

    With a scope it never holds more than that, however the user's rights change.
    """
    values = {
        "sid": claims.sid,
        "user": claims.user_id,
        "tenant": claims.tenant_id,
        "until": until,
        "scope": None if scope is None else sorted(scope),
    }
    held = await session.scalar(ADMIT, values)
    return None if held is None else _actor(held, claims)


async def revoke(session: AsyncSession, sid: UUID) -> None:
    """End what a login or run may do, from the next statement on."""
    await session.execute(REVOKE, {"sid": sid})


def members(actor: Actor, *, sought: str = "", role: str | None = None) -> Select[Membership, User]:
    """The members of the actor's tenant with their users, by e-mail.

    `sought` is part of a name or an e-mail address, `role` the system role that they hold.
    """
    actor.require(Permission.MEMBER_READ)
    statement = (
        select(Membership, User)
        .join(User, User.id == Membership.user_id)
        .where(Membership.tenant_id == actor.require_tenant())
        .order_by(User.email)
    )
    if sought:
        named = (column.icontains(sought, autoescape=True) for column in (User.email, User.name))
        statement = statement.where(or_(*named))
    return statement if role is None else statement.where(Membership.role == role)


def member_counts(actor: Actor) -> Select[str, int]:
    """How many members of the actor's tenant hold each system role."""
    actor.require(Permission.MEMBER_READ)
    return (
        select(Membership.role, func.count())
        .where(Membership.tenant_id == actor.require_tenant())
        .group_by(Membership.role)
    )


def people(actor: Actor, user_ids: Sequence[UUID]) -> Select[UUID, str, str]:
    """The ids, names and e-mail addresses of some who are or were members of the tenant."""
    actor.require(Permission.MEMBER_READ)
    return (
        select(User.id, User.name, User.email)
        .where(
            User.id.in_(user_ids),
            exists().where(
                Membership.tenant_id == actor.require_tenant(), Membership.user_id == User.id
            ),
        )
        .execution_options(include_deleted=True)
    )


def member(actor: Actor, membership_id: UUID) -> Select[Membership, User]:
    """One member of the actor's tenant."""
    return members(actor).where(Membership.id == membership_id)


def invitations(actor: Actor) -> Select[Invitation]:
    """The invitations of the actor's tenant, by e-mail; those taken back are left out."""
    actor.require(Permission.MEMBER_READ)
    return (
        select(Invitation)
        .where(Invitation.tenant_id == actor.require_tenant())
        .order_by(Invitation.email)
    )


def pending_invitations(actor: Actor) -> Select[Invitation]:
    """The invitations that nobody has accepted yet, also those whose time is over."""
    return invitations(actor).where(Invitation.accepted_at.is_(None))


def invitation(actor: Actor, invitation_id: UUID) -> Select[Invitation]:
    """One invitation of the actor's tenant."""
    return invitations(actor).where(Invitation.id == invitation_id)


MemberRow = Row[Membership, User]


def roles(actor: Actor) -> Select[TenantRole, int]:
    """The roles of the tenant's own with how many members hold each, by name."""
    actor.require(Permission.MEMBER_READ)
    members = (
        select(func.count())
        .select_from(MemberRole)
        .join(Membership, _is_of(MemberRole.membership_id, Membership))
        .where(MemberRole.tenant_id == TenantRole.tenant_id, MemberRole.role_id == TenantRole.id)
        .correlate(TenantRole)
        .scalar_subquery()
    )
    return (
        select(TenantRole, members)
        .where(TenantRole.tenant_id == actor.require_tenant())
        .order_by(TenantRole.name)
    )


def role(actor: Actor, wanted: UUID | str) -> Select[TenantRole, int]:
    """One role of the tenant's own, by its id or its name."""
    is_wanted = TenantRole.id == wanted if isinstance(wanted, UUID) else TenantRole.name == wanted
    return roles(actor).where(is_wanted)


def role_members(actor: Actor, role_id: UUID) -> Select[Membership, User]:
    """The members who hold a role of the tenant's own, by e-mail."""
    return members(actor).where(
        exists().where(
            MemberRole.tenant_id == Membership.tenant_id,
            MemberRole.membership_id == Membership.id,
            MemberRole.role_id == role_id,
            MemberRole.deleted_at.is_(None),
        )
    )


def roles_held(actor: Actor, membership_ids: Sequence[UUID]) -> Select[UUID, TenantRole]:
    """The roles of the tenant's own that members hold, by name."""
    actor.require(Permission.MEMBER_READ)
    return (
        select(MemberRole.membership_id, TenantRole)
        .join(TenantRole, _is_of(MemberRole.role_id, TenantRole))
        .where(
            MemberRole.tenant_id == actor.require_tenant(),
            MemberRole.membership_id.in_(membership_ids),
        )
        .order_by(TenantRole.name)
    )


def grants(
    actor: Actor,
    *,
    role_id: UUID | None = None,
    membership_id: UUID | None = None,
    target: tuple[Kind, str] | None = None,
) -> Select[Grant, str | None, str | None, str | None]:
    """The tenant's grants: each with the names of its role, of its member and of its dataset.

    `target` chooses a dataset, a dashboard or a notebook by its name.
    """
    actor.require(Permission.MEMBER_READ)
    statement = (
        select(Grant, TenantRole.name, User.email, DEFINITIONS.c.name)
        .outerjoin(TenantRole, _is_of(Grant.role_id, TenantRole))
        .outerjoin(Membership, _is_of(Grant.membership_id, Membership))
        .outerjoin(User, User.id == Membership.user_id)
        .outerjoin(DATASETS, _is_dataset())
        .outerjoin(DEFINITIONS, DEFINITIONS.c.id == DATASETS.c.definition_id)
        .where(
            Grant.tenant_id == actor.require_tenant(),
            # The grants of a role or membership that is deleted give nothing.
            or_(TenantRole.id.is_not(None), Membership.id.is_not(None)),
        )
        .order_by(Grant.id)
    )
    chosen = {Grant.role_id: role_id, Grant.membership_id: membership_id}
    statement = statement.where(*(key == id_ for key, id_ in chosen.items() if id_ is not None))
    if target is None:
        return statement
    kind, name = target
    named = DEFINITIONS.c.name if kind == "dataset" else Grant.name
    return statement.where(Grant.kind == kind, named == name)


def grant(actor: Actor, grant_id: UUID) -> Select[Grant, str | None, str | None, str | None]:
    """One grant of the tenant, as `grants` shows it."""
    return grants(actor).where(Grant.id == grant_id)


def grants_of(
    actor: Actor, role_ids: Sequence[UUID], membership_id: UUID | None = None
) -> Select[Grant, UUID | None]:
    """The grants that roles or a member have, each with the definition of its dataset."""
    actor.require(Permission.MEMBER_READ)
    holders: list[ColumnElement[bool]] = [Grant.role_id.in_(role_ids)]
    if membership_id is not None:
        holders.append(Grant.membership_id == membership_id)
    return (
        select(Grant, DATASETS.c.definition_id)
        .outerjoin(DATASETS, _is_dataset())
        .where(Grant.tenant_id == actor.require_tenant(), or_(*holders))
        .order_by(Grant.id)
    )


def definition_of(actor: Actor, grant_id: UUID) -> Select[UUID]:
    """The definition of the dataset that a grant is on."""
    actor.require(Permission.MEMBER_READ)
    return (
        select(DATASETS.c.definition_id)
        .join(Grant, _is_dataset())
        .where(Grant.tenant_id == actor.require_tenant(), Grant.id == grant_id)
    )


def _is_of(id_: Any, model: type[TenantRole | Membership]) -> ColumnElement[bool]:
    return and_(id_.class_.tenant_id == model.tenant_id, id_ == model.id)


def _is_dataset() -> ColumnElement[bool]:
    return and_(
        DATASETS.c.tenant_id == Grant.tenant_id,
        DATASETS.c.id == Grant.dataset_id,
        DATASETS.c.deleted_at.is_(None),
    )


def _actor(permissions: list[str], claims: Claims) -> Actor:
    split = [
        (Permission(name), target) for name, _, target in (p.partition("@") for p in permissions)
    ]
    actor = Actor.of_user(
        claims.user_id,
        sid=claims.sid,
        tenant_id=claims.tenant_id,
        permissions=(permission for permission, target in split if not target),
        grants=((permission, target) for permission, target in split if target),
    )
    return actor if claims.permissions is None else actor.narrowed(claims.permissions)


def everything(actor: Actor) -> dict[str, Select[*tuple[Any, ...]]]:
    """What the room gives to an archive of the actor's tenant: people by name, without secrets."""
    actor.require(Permission.TENANT_EXPORT)
    tenant_id = actor.require_tenant()
    people = select(*columns(Membership), User.email, User.name)
    return {
        "memberships": people.join(User, User.id == Membership.user_id)
        .where(Membership.tenant_id == tenant_id)
        .order_by(Membership.id),
        **{
            model.__tablename__: select(*columns(model))
            .where(model.tenant_id == tenant_id)
            .order_by(model.id)
            for model in (Impersonation, Invitation, TenantRole, MemberRole, Grant)
        },
    }
