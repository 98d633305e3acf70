"""Sealing the audit: batch by batch, each tenant in a transaction of its own."""

from uuid import UUID

import structlog

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.audit import queries
from workbench.db.session import Database
from workbench.permissions import Permission

MOST_TENANTS = 500
SYSTEM = Actor.of_system("audit")
log = structlog.get_logger(__name__)


def sealer(tenant_id: UUID) -> Actor:
    """The system's actor that seals a tenant's audit."""
    held = (Permission.AUDIT_READ, Permission.AUDIT_SEAL)
    return Actor.of_system("audit", *held, tenant_id=tenant_id)


async def seal(database: Database) -> int:
    """Seal a batch of every tenant that waits, and answer how many entries got their place."""
    async with database.session(SYSTEM) as session:
        due = await audit.due(session, MOST_TENANTS)
    sealed = 0
    for tenant_id in due:
        sealed += await _seal(database, sealer(tenant_id))
    return sealed


async def _seal(database: Database, actor: Actor) -> int:
    async with database.session(actor) as session:
        sealed = await audit.seal(session, actor)
        head = await session.scalar(queries.last_seal(actor))
    if sealed and head is not None:
        # A log that leaves the machine is a witness: who rewrites a chain cannot rewrite it.
        log.info(
            "audit_sealed",
            tenant=str(actor.tenant_id),
            position=head.position,
            hash=head.hash.hex(),
        )
    return sealed
