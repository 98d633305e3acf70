"""Purges: the platform's operator has what is left of deleted tenants removed, with a proof."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Session
from workbench.api.once import Once
from workbench.api.routes import ActorRoute
from workbench.api.shapes import Order, PageView, page_view
from workbench.db import listing
from workbench.errors import NotFound
from workbench.queue import commands as queue
from workbench.tenants import commands, purges
from workbench.tenants.models import Purge, Tenant

router = APIRouter(prefix="/api/v1", route_class=ActorRoute, tags=["purges"])


class NewPurge(Order):
    """A deleted tenant that is to go for good."""

    tenant_id: UUID


class DeletedView(BaseModel):
    """A tenant that is deleted and not purged."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    slug: str
    deleted_at: datetime
    deleted_by: str


class PurgeView(BaseModel):
    """The record of a purge; `proof` counts what is left, place by place, and is null before."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    purged_id: UUID
    slug: str
    requested_by: str
    removed: dict[str, int]
    proof: dict[str, int] | None
    audit_hash: str | None
    error: str | None
    created_at: datetime
    finished_at: datetime | None


@router.get("/deleted-tenants")
async def deleted(
    actor: CurrentActor, session: Session, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> PageView[DeletedView]:
    """List the tenants that are deleted and not purged; for the platform's operator."""
    page = await listing.page(
        session, purges.deleted(actor), [Tenant.id], cursor=cursor, limit=limit
    )
    return page_view(page, DeletedView.model_validate)


@router.post("/deleted-tenants/{tenant_id}/restore", status_code=204)
async def restore(tenant_id: UUID, actor: CurrentActor, session: Session) -> None:
    """Bring a deleted tenant back whose purge has not begun; for the platform's operator."""
    await commands.restore(session, actor, tenant_id)


@router.post("/purges", status_code=202, dependencies=[Once])
async def order(
    order: NewPurge, actor: CurrentActor, session: Session, response: Response
) -> PurgeView:
    """Have a worker remove all that is left of a deleted tenant, or go on with what broke off."""
    purge = await purges.order(session, actor, order.tenant_id)
    await queue.enqueue(session, "tenants.purge", queue="tenants", purge_id=purge.id)
    response.headers["Location"] = f"{router.prefix}/purges/{purge.id}"
    return PurgeView.model_validate(purge)


@router.get("/purges")
async def records(
    actor: CurrentActor, session: Session, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> PageView[PurgeView]:
    """List the purges with their proofs, the newest first; for the platform's operator."""
    page = await listing.page(
        session, purges.purges(actor), [Purge.id], cursor=cursor, limit=limit, newest_first=True
    )
    return page_view(page, PurgeView.model_validate)


@router.get("/purges/{purge_id}")
async def record(purge_id: UUID, actor: CurrentActor, session: Session) -> PurgeView:
    """Show how far a purge is, and its proof."""
    purge = await session.scalar(purges.purge(actor, purge_id))
    if purge is None:
        raise NotFound
    return PurgeView.model_validate(purge)
