"""The rescue of work whose worker is gone."""

from datetime import timedelta

import procrastinate
import structlog

from workbench.actor import Actor
from workbench.runs import attempts
from workbench.worker import sandboxes
from workbench.worker.parts import Parts, now
from workbench.worker.runs import keeper

SILENCE = timedelta(seconds=30)
log = structlog.get_logger(__name__)


async def rescue(parts: Parts, app: procrastinate.App, silence: timedelta = SILENCE) -> None:
    """Give the runs and jobs of silent workers to somebody else, and drop their sandboxes."""
    await rescue_runs(parts, silence)
    manager = app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=silence.total_seconds()):
        # Both tasks look first whether their run or import still waits, so a second try is safe.
        log.warning("job_rescued", job=job.id, task=job.task_name)
        await manager.retry_job(job, retry_at=now())
    await sandboxes.sweep(parts.settings)  # last: it must keep nobody from being rescued


async def rescue_runs(parts: Parts, silence: timedelta = SILENCE) -> int:
    """Queue silent runs again, or fail them; answer how many were silent."""
    system = Actor.of_system("runs")
    async with parts.database.session(system) as session:
        time = await attempts.clock(session)
        silent_since = time - silence
        silent = await attempts.stalled(session, silent_since)
    for tenant_id, run_id in silent:
        actor = keeper(tenant_id)
        async with parts.database.session(actor) as session:
            status = await attempts.rescue(session, actor, run_id, silent_since, time)
        log.warning("run_rescued", run=str(run_id), status=status)
    return len(silent)
