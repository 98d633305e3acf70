"""Runs that nobody wants to see: deleted, restored, and removed for good."""

import asyncio
from uuid import UUID

from fastapi import APIRouter

from workbench.api.dependencies import CurrentActor, Parts, Session
from workbench.api.routes import ActorRoute
from workbench.runs import trash
from workbench.runs.schemas import RunView

router = APIRouter(prefix="/api/v1/runs", route_class=ActorRoute, tags=["runs"])


@router.delete("/{run_id}", status_code=204)
async def delete(run_id: UUID, actor: CurrentActor, session: Session) -> None:
    """Delete an ended run with all that it left; for a month it can be restored."""
    await trash.remove(session, actor, run_id)


@router.post("/{run_id}/restore")
async def restore(run_id: UUID, actor: CurrentActor, session: Session) -> RunView:
    """Bring a deleted run back with all that it left."""
    return RunView.model_validate(await trash.restore(session, actor, run_id))


@router.post("/{run_id}/purge", status_code=204)
async def purge(run_id: UUID, actor: CurrentActor, session: Session, parts: Parts) -> None:
    """Remove a deleted run and its files for good, now; for who manages the tenant."""
    keys = await trash.purge_one(session, actor, run_id)
    # Before the bytes go: a row whose bytes are missing would be worse than bytes without a row.
    await session.commit()
    for key in keys:
        await asyncio.to_thread(parts.storage.remove, key)
