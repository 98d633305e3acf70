"""Operations: figures of the whole platform, for its operator; none is a row of a tenant's."""

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from workbench.api.dependencies import CurrentActor, Parts, Session
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView
from workbench.operations import commands, figures, health
from workbench.operations.schemas import (
    Check,
    DatabaseView,
    DayUse,
    FailedJob,
    FailedRuns,
    RetriedJob,
    RowsHeld,
    TenantUse,
    Wellness,
    Work,
)

router = APIRouter(prefix="/api/v1/operations", route_class=ActorRoute, tags=["operations"])

JobId = Annotated[int, Path(ge=1, lt=2**63)]
Days = Annotated[int, Query(ge=1, le=366)]


class Overview(BaseModel):
    """How the platform is now, part by part."""

    at: datetime
    state: Wellness
    checks: list[Check]
    work: Work
    database: DatabaseView


@router.get("")
async def overview(actor: CurrentActor, session: Session, parts: Parts) -> Overview:
    """Tell how database, queue, workers and mail are now; for the platform's operator."""
    now = parts.clock()
    database = await figures.database(session, actor, now)
    work = await figures.work(session, actor, now)
    files = await asyncio.to_thread(health.storage, parts.storage)
    checks = [*health.checks(database, work, now), files]
    return Overview(at=now, state=health.worst(checks), checks=checks, work=work, database=database)


@router.get("/tenants")
async def tenants(actor: CurrentActor, session: Session, parts: Parts) -> PageView[TenantUse]:
    """List every tenant with what it uses, by slug; for the platform's operator."""
    found = await figures.tenants(session, actor, parts.clock(), file_quota=int(parts.files.tenant))
    return PageView(items=found, next_cursor=None)


@router.get("/rows")
async def rows(actor: CurrentActor, session: Session) -> PageView[RowsHeld]:
    """Count the rows of each tenant that has any; reads an index of every dataset."""
    return PageView(items=await figures.rows_held(session, actor), next_cursor=None)


@router.get("/days")
async def days(
    actor: CurrentActor, session: Session, parts: Parts, days: Days = 30
) -> PageView[DayUse]:
    """List what was ordered on each of the last days, tenant by tenant."""
    found = await figures.days(session, actor, parts.clock(), days)
    return PageView(items=found, next_cursor=None)


@router.get("/failed-runs")
async def failed_runs(actor: CurrentActor, session: Session, parts: Parts) -> PageView[FailedRuns]:
    """Count how the runs of a day failed, by tenant, notebook and kind of end."""
    found = await figures.failed_runs(session, actor, parts.clock())
    return PageView(items=found, next_cursor=None)


@router.get("/failed-jobs")
async def failed_jobs(actor: CurrentActor, session: Session) -> PageView[FailedJob]:
    """List the last jobs that were given up, the newest first."""
    return PageView(items=await figures.failed_jobs(session, actor), next_cursor=None)


@router.post("/failed-jobs/{job_id}/retry")
async def retry(job_id: JobId, actor: CurrentActor, session: Session) -> RetriedJob:
    """Put a job that was given up back into the queue; for the platform's operator."""
    return await commands.retry_job(session, actor, job_id)
