"""Stays of operators whose time is over: the tenant's audit is told that they ended."""

from workbench.access import impersonations
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.permissions import Permission

SYSTEM = Actor.of_system("expiry")


async def expire(database: Database) -> None:
    """Note the end of each stay that nobody ended before its time."""
    async with database.session(SYSTEM) as session:
        due = await impersonations.due(session)
    for tenant_id, impersonation_id in due:
        actor = Actor.of_system("expiry", Permission.TENANT_MANAGE, tenant_id=tenant_id)
        async with database.session(actor) as session:
            await impersonations.expire(session, actor, impersonation_id)
