"""The moves between the states of a run.

queued ─ begin ─► running ─ finish ─► succeeded | failed | timed_out ─ retry ─► queued
queued | running ─ cancel ─► cancelled ─ retry ─► queued
queued ─ skip ─► skipped ─ retry ─► queued
running ─ rescue, release, try again ─► queued, or failed when it was tried often enough
"""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.errors import NotFound
from workbench.outbox import commands as outbox
from workbench.permissions import Permission
from workbench.queue import commands as queue
from workbench.runs.models import Run
from workbench.runs.schemas import Status

LIVE = (Status.QUEUED, Status.RUNNING)
ENDED = (
    Status.SUCCEEDED,
    Status.FAILED,
    Status.CANCELLED,
    Status.TIMED_OUT,
    Status.SKIPPED,
)
BLANK: dict[str, Any] = {
    "progress": None,
    "cells": None,
    "cells_done": None,
    "cell_title": None,
    "error": None,
    "started_at": None,
    "heartbeat_at": None,
    "finished_at": None,
    "slot": None,
}


async def enqueue(session: AsyncSession, run: Run) -> None:
    """Bid a worker to look whose turn it is, once this transaction commits and the run is due."""
    await queue.bid(session, run.queue, run.due_at)


async def tell(session: AsyncSession, actor: Actor, run_id: UUID, topic: str = "run.moved") -> None:
    """Tell whoever listens that a run has moved, once this transaction commits."""
    outbox.put(session, actor, topic, run_id=run_id)
    await outbox.stir(session, run_id)


async def move(
    session: AsyncSession,
    actor: Actor,
    run_id: UUID,
    froms: tuple[Status, ...],
    values: dict[str, Any],
) -> Run | None:
    """Move a run out of one of the states; None when it is in another, NotFound when not there."""
    actor.require_somewhere(Permission.RUN_START)
    tenant_id = actor.require_tenant()
    run = await session.get(Run, (tenant_id, run_id), with_for_update=True, populate_existing=True)
    if run is None or run.deleted_at is not None:
        raise NotFound
    actor.require(Permission.RUN_START, run.notebook)
    if run.status not in froms:
        return None
    for name, value in values.items():
        setattr(run, name, value)
    await session.flush()
    await session.refresh(run)
    return run
