"""Statements that members ran long ago are forgotten; the audit keeps what it noted of them."""

from datetime import datetime, timedelta

from workbench.actor import Actor
from workbench.datasets import claims
from workbench.db.session import Database
from workbench.permissions import Permission

KEPT = timedelta(days=90)
AT_ONCE = 100  # tenants
LOOKING = Actor.of_system("statements")


async def forget(database: Database, now: datetime) -> None:
    """Forget what began more than 90 days ago, each tenant's as a task of that tenant."""
    before = now - KEPT
    async with database.session(LOOKING) as session:
        tenants = await claims.tenants_with_old(session, before, AT_ONCE)
    for tenant_id in tenants:
        actor = Actor.of_system("statements", Permission.SQL_RUN, tenant_id=tenant_id)
        async with database.session(actor) as session:
            await claims.forget(session, actor, before)
