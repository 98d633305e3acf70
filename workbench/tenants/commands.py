"""Changes to tenants."""

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import live, soft_delete
from workbench.db.ids import new_id
from workbench.errors import Conflict, Detail, Invalid, NotFound
from workbench.permissions import Permission
from workbench.tenants import purges
from workbench.tenants.models import Purge, Tenant

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class SlugTaken(Conflict):
    """A tenant with this slug exists already."""

    code = "slug_taken"


class PurgeBegun(Conflict):
    """What this tenant had is being removed; it cannot come back."""

    code = "purge_begun"


async def create(session: AsyncSession, actor: Actor, *, slug: str, name: str) -> Tenant:
    """Make a tenant; its slug names it in addresses and log-ins."""
    actor.require(Permission.TENANT_MANAGE)
    if not SLUG.fullmatch(slug):
        detail = Detail("slug", "1 to 40 of a-z, 0-9 and -, not beginning with -")
        raise Invalid("The slug is not valid.", details=[detail])
    tenant = Tenant(id=new_id(), slug=slug, name=name)
    try:
        async with session.begin_nested():
            session.add(tenant)
    except IntegrityError as error:
        raise SlugTaken from error
    audit.record(session, actor, "tenant.create", slug, tenant_id=tenant.id)
    await session.flush()
    return tenant


async def suspend(
    session: AsyncSession,
    actor: Actor,
    tenant_id: UUID,
    now: datetime,
    *,
    reason: str | None = None,
) -> None:
    """Take every access to a tenant, from the next statement on, and keep its data."""
    await _set_suspended(session, actor, tenant_id, now, reason)
    audit.record(
        session, actor, "tenant.suspend", str(tenant_id), tenant_id=tenant_id, reason=reason
    )


async def resume(session: AsyncSession, actor: Actor, tenant_id: UUID) -> None:
    """Let the members of a suspended tenant sign in again."""
    await _set_suspended(session, actor, tenant_id, None)
    audit.record(session, actor, "tenant.resume", str(tenant_id), tenant_id=tenant_id)


async def delete(
    session: AsyncSession, actor: Actor, tenant_id: UUID, *, reason: str | None = None
) -> None:
    """Take every access to a tenant and its name; its data stay until a purge."""
    _require_platform(actor)
    live.cancel(session, *await live.sids(session, tenant_id=tenant_id))
    await soft_delete.remove(session, actor, Tenant, Tenant.id == tenant_id)
    audit.record(
        session, actor, "tenant.delete", str(tenant_id), tenant_id=tenant_id, reason=reason
    )


async def restore(session: AsyncSession, actor: Actor, tenant_id: UUID) -> None:
    """Bring a deleted tenant back, unless its purge has begun or its slug is another's now."""
    _require_platform(actor)
    actor.require(Permission.TENANT_PURGE)
    purging = purges.purges(actor).where(Purge.purged_id == tenant_id)
    if await session.scalar(purging.limit(1)) is not None:
        raise PurgeBegun
    try:
        async with session.begin_nested():
            await soft_delete.restore(session, Tenant, Tenant.id == tenant_id)
    except IntegrityError as error:
        raise SlugTaken from error
    audit.record(session, actor, "tenant.restore", str(tenant_id), tenant_id=tenant_id)


def _require_platform(actor: Actor) -> None:
    actor.require(Permission.PLATFORM_READ)
    actor.require(Permission.TENANT_MANAGE)


async def _set_suspended(
    session: AsyncSession,
    actor: Actor,
    tenant_id: UUID,
    at: datetime | None,
    reason: str | None = None,
) -> None:
    _require_platform(actor)
    if at is not None:
        live.cancel(session, *await live.sids(session, tenant_id=tenant_id))
    statement = (
        update(Tenant)
        .where(Tenant.id == tenant_id)
        .values(suspended_at=at, suspended_reason=reason)
        .returning(Tenant.id)
    )
    if (await session.execute(statement)).first() is None:
        raise NotFound
