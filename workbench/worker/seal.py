"""Sealing the audit: batch by batch, each tenant in a transaction of its own."""

import structlog
from sqlalchemy.exc import DBAPIError

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.audit import queries
from workbench.db.session import Database

MOST_TENANTS = 500
SYSTEM = Actor.of_system("audit")
log = structlog.get_logger(__name__)


async def seal(database: Database) -> int:
    """Seal a batch of every tenant that waits, and answer how many entries got their place."""
    async with database.session(SYSTEM) as session:
        due = await audit.due(session, MOST_TENANTS)
    sealed = 0
    for tenant_id in due:
        try:
            sealed += await _seal(database, audit.sealer(tenant_id))
        except DBAPIError as error:  # another sealer was faster, or this tenant alone is in trouble
            reason = str(error.orig).partition("\n")[0]
            log.warning("audit_not_sealed", tenant=str(tenant_id), reason=reason)
    return sealed


async def _seal(database: Database, actor: Actor) -> int:
    async with database.session(actor) as session:
        sealed = await audit.seal(session, actor)
        head = await session.scalar(queries.last_seal(actor)) if sealed else None
    if head is not None:
        # A log that leaves the machine is a witness: who rewrites a chain cannot rewrite it.
        place = {"position": head.position, "hash": head.hash.hex()}
        log.info("audit_sealed", tenant=str(actor.tenant_id), **place)
    return sealed
