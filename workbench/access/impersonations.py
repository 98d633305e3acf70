"""Operators inside tenants: by an impersonation that the tenant sees, can end, and reads in audit.

Nothing else lets an operator in. An impersonation gives what its role may, less all that could
outlive it: members, roles, tokens, archives, and work that is done later.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access.models import Impersonation
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db.ids import new_id
from workbench.errors import Detail, Forbidden, Invalid, NotFound
from workbench.identity.models import User
from workbench.permissions import Permission, Role

ENTER = text("select workbench.enter_tenant(:entry)")
DUE = text("select tenant_id, id from workbench.impersonations_due()")
LONGEST = timedelta(hours=1)
MAX_REASON = 500
ROLES = (Role.VIEWER, Role.ANALYST, Role.ENGINEER, Role.OWNER)


class NoEntry(Forbidden):
    """This tenant cannot be entered: it is suspended or deleted, or you are no operator."""

    code = "no_entry"


def impersonations(actor: Actor) -> Select[Impersonation]:
    """The stays in the actor's tenant, the newest first; for its owners."""
    actor.require(Permission.TENANT_MANAGE)
    return (
        select(Impersonation)
        .where(Impersonation.tenant_id == actor.require_tenant())
        .order_by(Impersonation.id.desc())
    )


def impersonation(actor: Actor, impersonation_id: UUID) -> Select[Impersonation]:
    """One stay in the actor's tenant; also for the operator who is in by it."""
    if actor.sid != impersonation_id:
        actor.require(Permission.TENANT_MANAGE)
    return select(Impersonation).where(
        Impersonation.tenant_id == actor.require_tenant(), Impersonation.id == impersonation_id
    )


async def enter(
    session: AsyncSession,
    actor: Actor,
    operator: User,
    tenant_id: UUID,
    *,
    reason: str,
    role: Role = Role.VIEWER,
    until: datetime,
) -> Impersonation:
    """Let an operator act in a tenant for a while; the tenant's audit says who and why."""
    actor.require(Permission.TENANT_ENTER)
    entry = Impersonation(
        tenant_id=tenant_id,
        id=new_id(),
        user_id=operator.id,
        operator=operator.email,
        role=_role(role),
        reason=_reason(reason),
        expires_at=until,
    )
    session.add(entry)
    await session.flush()
    if await session.scalar(ENTER, {"entry": entry.id}) is None:
        raise NoEntry
    audit.record(
        session,
        actor,
        "impersonation.begin",
        operator.email,
        tenant_id=tenant_id,
        impersonation=str(entry.id),
        reason=entry.reason,
        role=entry.role,
        until=until.isoformat(),
    )
    return entry


async def end(
    session: AsyncSession, actor: Actor, impersonation_id: UUID, now: datetime
) -> Impersonation:
    """End a stay at the next statement: an owner does, or the operator who is in by it."""
    found = await session.scalar(impersonation(actor, impersonation_id).with_for_update())
    if found is None:
        raise NotFound
    if found.ended_at is None:
        await _end(session, actor, found.tenant_id, impersonation_id, now, actor.subject)
    return found


async def expire(session: AsyncSession, actor: Actor, impersonation_id: UUID) -> None:
    """Note the end of a stay whose time is over; the right to be there ended with the time."""
    actor.require(Permission.TENANT_MANAGE)
    found = await session.scalar(impersonation(actor, impersonation_id).with_for_update())
    if found is not None and found.ended_at is None:
        await _end(
            session, actor, found.tenant_id, impersonation_id, found.expires_at, "system:expiry"
        )


async def due(session: AsyncSession) -> list[tuple[UUID, UUID]]:
    """The tenant and id of every stay whose time is over and whose end is not noted."""
    return [(row.tenant_id, row.id) for row in await session.execute(DUE)]


async def _end(
    session: AsyncSession,
    actor: Actor,
    tenant_id: UUID,
    impersonation_id: UUID,
    at: datetime,
    by: str,
) -> None:
    # The entry first: who ends its own stay may write nothing afterwards.
    audit.record(
        session, actor, "impersonation.end", str(impersonation_id), at=at.isoformat(), by=by
    )
    await session.flush()
    await session.execute(
        update(Impersonation)
        .where(Impersonation.tenant_id == tenant_id, Impersonation.id == impersonation_id)
        .values(ended_at=at, ended_by=by)
    )


def _role(role: Role) -> str:
    if role not in ROLES:
        raise Forbidden("A tenant is entered as one of its roles.")
    return role.value


def _reason(reason: str) -> str:
    shown = "".join(c for c in reason if c.isprintable()).strip()[:MAX_REASON]
    if not shown:
        raise Invalid("Say why.", details=[Detail("reason", "must not be empty")])
    return shown
