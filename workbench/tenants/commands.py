"""Changes to tenants."""

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import live
from workbench.db.ids import new_id
from workbench.errors import Conflict, Detail, Invalid, NotFound
from workbench.permissions import Permission
from workbench.tenants.models import Tenant

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class SlugTaken(Conflict):
    """A tenant with this slug exists already."""

    code = "slug_taken"


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


async def suspend(session: AsyncSession, actor: Actor, tenant_id: UUID, now: datetime) -> None:
    """Take every access to a tenant, from the next statement on, and keep its data."""
    await _set_suspended(session, actor, tenant_id, now)
    audit.record(session, actor, "tenant.suspend", str(tenant_id), tenant_id=tenant_id)


async def resume(session: AsyncSession, actor: Actor, tenant_id: UUID) -> None:
    """Let the members of a suspended tenant sign in again."""
    await _set_suspended(session, actor, tenant_id, None)
    audit.record(session, actor, "tenant.resume", str(tenant_id), tenant_id=tenant_id)


async def _set_suspended(
    session: AsyncSession, actor: Actor, tenant_id: UUID, at: datetime | None
) -> None:
    actor.require(Permission.PLATFORM_READ)
    actor.require(Permission.TENANT_MANAGE)
    if at is not None:
        live.cancel(session, *await live.sids(session, tenant_id=tenant_id))
    statement = (
        update(Tenant).where(Tenant.id == tenant_id).values(suspended_at=at).returning(Tenant.id)
    )
    if (await session.execute(statement)).first() is None:
        raise NotFound
