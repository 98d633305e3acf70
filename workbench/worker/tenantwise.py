"""One tenant after the other: what troubles one keeps no other waiting."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from workbench.actor import Actor
from workbench.db.session import Database
from workbench.permissions import Permission
from workbench.tenants import queries as tenants

SYSTEM = Actor.of_system("retention", Permission.PLATFORM_READ)
log = structlog.get_logger(__name__)


async def everywhere(
    database: Database, what: str, remove: Callable[[UUID], Awaitable[int]]
) -> int:
    """Remove something in every tenant; answer how much went."""
    async with database.session(SYSTEM) as session:
        everybody = (await session.scalars(tenants.tenants(SYSTEM))).all()
    removed = 0
    for tenant in everybody:
        try:
            removed += await remove(tenant.id)
        except DBAPIError as error:  # this tenant alone is in trouble, or busy: later, then
            reason = str(error.orig).partition("\n")[0]
            log.warning("not_removed", what=what, tenant=str(tenant.id), reason=reason)
    return removed
