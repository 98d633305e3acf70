"""The task that tells people of a run's end; it is safe to be done again."""

from uuid import UUID

from workbench.actor import Actor
from workbench.db.session import Database
from workbench.schedules import announcing
from workbench.worker.parts import now


async def announce(database: Database, tenant_id: UUID, run_id: UUID) -> None:
    """Tell whom the end of a run concerns."""
    actor = Actor.of_system("announcing", *announcing.NEEDED, tenant_id=tenant_id)
    async with database.session(actor) as session:
        await announcing.announce(session, actor, run_id, now())
