"""Writing entries, sealing them and checking the chain, as tests of the audit need it."""

from typing import Any
from uuid import UUID

from workbench.actor import Actor
from workbench.audit import commands, verifying
from workbench.db.session import Database


async def note(database: Database, actor: Actor, count: int, **details: Any) -> None:
    """Write entries in one transaction."""
    async with database.session(actor) as session:
        for number in range(count):
            commands.record(session, actor, "test.deed", f"thing {number}", rows=number, **details)


async def seal(database: Database, tenant_id: UUID, most: int = 1000) -> int:
    """Seal one batch."""
    async with database.session(commands.sealer(tenant_id)) as session:
        return await commands.seal(session, commands.sealer(tenant_id), most)


async def verdict(database: Database, tenant_id: UUID, **options: Any) -> verifying.Verdict:
    """Verify a tenant's chain."""
    return await verifying.verify(database, commands.sealer(tenant_id), **options)
