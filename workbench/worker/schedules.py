"""The scheduler: each worker looks every second, and PostgreSQL has each slot start once."""

from datetime import datetime

import structlog

from workbench.actor import Actor
from workbench.schedules import ticking
from workbench.worker.parts import Parts

MOST = 100
SYSTEM = Actor.of_system("schedules")
log = structlog.get_logger(__name__)


async def tick(parts: Parts, now: datetime) -> int:
    """Start what is due by now, tenant by tenant, and answer how many runs that started."""
    database, started = parts.database, 0
    async with database.session(SYSTEM) as session:
        due = await ticking.due(session, now, MOST)
    for tenant_id, schedule_id in due:
        actor = Actor.of_system("schedules", *ticking.NEEDED, tenant_id=tenant_id)
        try:
            async with database.session(actor) as session:
                count = await ticking.tick(session, actor, parts.shelf, schedule_id, now)
        except Exception as error:  # noqa: BLE001 (one in trouble must keep no other waiting)
            reason = f"{type(error).__name__}: {error}".partition("\n")[0][:200]
            log.warning("schedule_not_ticked", schedule=str(schedule_id), reason=reason)
            continue
        log.info("schedule_ticked", schedule=str(schedule_id), runs=count)
        started += count
    return started
