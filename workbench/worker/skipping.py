"""Runs that wait for one which has not succeeded are skipped, and what waits for those as well."""

from workbench.actor import Actor
from workbench.db.session import Database
from workbench.runs import upstream
from workbench.worker.parts import now
from workbench.worker.runs import keeper

MOST = 200
SYSTEM = Actor.of_system("runs")


async def skip(database: Database) -> int:
    """Skip what waits in vain; answer how many runs that were."""
    skipped = 0
    while True:
        async with database.session(SYSTEM) as session:
            found = await upstream.barred(session, MOST)
        count = 0
        for tenant_id, run_id in found:
            actor = keeper(tenant_id)
            async with database.session(actor) as session:
                count += await upstream.skip(session, actor, run_id, now())
        if not count:
            return skipped
        skipped += count
