"""What the operator can do about work that was given up."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.errors import NotFound
from workbench.operations.schemas import RetriedJob
from workbench.permissions import Permission

RETRY = text("select task, tenant_id from workbench.retry_job(:job)")


async def retry_job(session: AsyncSession, actor: Actor, job_id: int) -> RetriedJob:
    """Put a job that was given up back into the queue; raise NotFound when it is none.

    The tenant whose job it is reads of it in its audit; one of the platform's own has no tenant.
    """
    actor.require(Permission.PLATFORM_READ)
    actor.require(Permission.TENANT_MANAGE)
    found = (await session.execute(RETRY, {"job": job_id})).one_or_none()
    if found is None:
        raise NotFound("This job is not among those that were given up; somebody has retried it.")
    if found.tenant_id is not None:
        audit.record(
            session, actor, "job.retry", f"job {job_id}", tenant_id=found.tenant_id, task=found.task
        )
    return RetriedJob(id=job_id, task=found.task, tenant_id=found.tenant_id)
