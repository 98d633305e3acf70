"""Runs that nobody wants to see: deleted with what they left, restored, and purged for good.

What a run left bears the time of the run's own deletion, and so comes back with it; what an earlier
attempt left was put away before, and does not.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import soft_delete
from workbench.errors import NotFound
from workbench.files import commands as files
from workbench.files.schemas import Kind
from workbench.permissions import Permission
from workbench.runs import states
from workbench.runs.commands import RunLive
from workbench.runs.models import Artifact, Metric, Run

PURGER = (Permission.RUN_READ, Permission.RUN_START)
BATCH = 200
LEFT = (Metric, Artifact)
EVERY = {"include_deleted": True, "synchronize_session": False}


async def remove(session: AsyncSession, actor: Actor, run_id: UUID) -> None:
    """Delete an ended run with all that it left; it can be restored until it is purged."""
    actor.require_somewhere(Permission.RUN_START)
    if await states.move(session, actor, run_id, states.ENDED, {}) is None:
        raise RunLive
    await soft_delete.remove(session, actor, Run, *_one(actor, run_id))
    for model in LEFT:
        with suppress(NotFound):
            await soft_delete.remove(session, actor, model, *_of(model, actor, [run_id]))
    await files.detach_all(session, actor, run_id, Kind.ARTIFACT)
    audit.record(session, actor, "run.delete", str(run_id), run_id=run_id)


async def restore(session: AsyncSession, actor: Actor, run_id: UUID) -> Run:
    """Bring a deleted run back with all that it left."""
    run = await _deleted(session, actor, run_id)
    at = run.deleted_at
    await files.reattach(session, actor, run_id, Kind.ARTIFACT, at)
    for model in LEFT:
        where = [*_of(model, actor, [run_id]), model.deleted_at == at]
        if model is Artifact:
            where.append(Artifact.file_id.is_not(None))
        with suppress(NotFound):
            await soft_delete.restore(session, model, *where)
    run.deleted_at = run.deleted_by = None
    await session.flush()
    await session.refresh(run)
    audit.record(session, actor, "run.restore", str(run_id), run_id=run_id)
    return run


async def purge(session: AsyncSession, actor: Actor, *, before: datetime) -> tuple[int, list[str]]:
    """Remove for good some runs that were deleted before a time, and what runs left before it.

    Answers how many runs went, and where bytes lie, for the door to remove after the commit. Runs
    that somebody restores at the same moment are left out.
    """
    for permission in PURGER:
        actor.require(permission)
    for model in LEFT:
        old = delete(model).where(*_mine(model, actor), model.deleted_at < before)
        await session.execute(old.execution_options(**EVERY))
    due = (
        select(Run.id)
        .where(*_mine(Run, actor), Run.deleted_at < before)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .execution_options(include_deleted=True)
    )
    ids = (await session.scalars(due)).all()
    if not ids:
        return 0, []
    return len(ids), await _purge(session, actor, ids)


async def purge_one(session: AsyncSession, actor: Actor, run_id: UUID) -> list[str]:
    """Remove a deleted run for good at once, which is for who manages the tenant.

    Answers where its bytes lie, for the door to remove after the commit.
    """
    actor.require(Permission.TENANT_MANAGE)
    await _deleted(session, actor, run_id)
    return await _purge(session, actor, [run_id])


async def _purge(session: AsyncSession, actor: Actor, ids: Sequence[UUID]) -> list[str]:
    for model in LEFT:
        gone = delete(model).where(*_of(model, actor, ids))
        await session.execute(gone.execution_options(**EVERY))
    keys = await files.purge_attached(session, actor, ids, Kind.ARTIFACT)
    gone = delete(Run).where(*_mine(Run, actor), Run.id.in_(ids), Run.deleted_at.is_not(None))
    await session.execute(gone.execution_options(**EVERY))
    names = [str(run_id) for run_id in ids]
    audit.record(session, actor, "run.purge", "runs", rows=len(ids), runs=names)
    return keys


async def _deleted(session: AsyncSession, actor: Actor, run_id: UUID) -> Run:
    actor.require_somewhere(Permission.RUN_START)
    found = (
        select(Run)
        .where(*_one(actor, run_id), Run.deleted_at.is_not(None))
        .with_for_update()
        .execution_options(include_deleted=True, populate_existing=True)
    )
    run = await session.scalar(found)
    if run is None:
        raise NotFound
    actor.require(Permission.RUN_START, run.notebook)
    return run


def _one(actor: Actor, run_id: UUID) -> tuple[Any, ...]:
    return soft_delete.one(Run, actor.require_tenant(), run_id)


def _of(model: Any, actor: Actor, ids: Sequence[UUID]) -> tuple[Any, ...]:
    return (*_mine(model, actor), model.run_id.in_(ids))


def _mine(model: Any, actor: Actor) -> tuple[Any, ...]:
    return (model.tenant_id == actor.require_tenant(),)
