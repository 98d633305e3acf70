"""Archives of everything that a tenant has: its owners order, watch, download and delete them."""

import asyncio
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Parts, Session
from workbench.api.once import Once
from workbench.api.routers.tenants import Slug, found
from workbench.api.routes import ActorRoute
from workbench.api.sending import documented, sent
from workbench.api.shapes import PageView, page_view
from workbench.db import listing
from workbench.errors import NotFound
from workbench.tenants import exports
from workbench.tenants.models import Export

router = APIRouter(
    prefix="/api/v1/tenants/{slug}/exports", route_class=ActorRoute, tags=["exports"]
)


class ExportView(BaseModel):
    """An archive, or one that is being made."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    requested_by: UUID
    status: str
    progress: float | None
    size: int | None
    sha256: str | None
    error: str | None
    created_at: datetime
    finished_at: datetime | None


@router.post("", status_code=202, dependencies=[Once])
async def order(
    slug: Slug, actor: CurrentActor, session: Session, response: Response
) -> ExportView:
    """Order an archive of everything that the tenant has; a worker makes it."""
    await _own(session, actor, slug)
    made = await exports.order(session, actor)
    response.headers["Location"] = f"/api/v1/tenants/{slug}/exports/{made.id}"
    return ExportView.model_validate(made)


@router.get("")
async def archives(
    slug: Slug,
    actor: CurrentActor,
    session: Session,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> PageView[ExportView]:
    """List the archives of the tenant, the newest first."""
    await _own(session, actor, slug)
    page = await listing.page(
        session,
        exports.exports(actor),
        [Export.id],
        cursor=cursor,
        limit=limit,
        newest_first=True,
    )
    return page_view(page, ExportView.model_validate)


@router.get("/{export_id}")
async def archive(slug: Slug, export_id: UUID, actor: CurrentActor, session: Session) -> ExportView:
    """Show how far an archive is."""
    await _own(session, actor, slug)
    made = await session.scalar(exports.export(actor, export_id))
    if made is None:
        raise NotFound
    return ExportView.model_validate(made)


@router.get(
    "/{export_id}/file",
    response_class=StreamingResponse,
    responses=documented("application/zip", "The archive"),
)
async def download(
    request: Request,
    slug: Slug,
    export_id: UUID,
    actor: CurrentActor,
    session: Session,
    parts: Parts,
) -> Response:
    """Download an archive, or with `Range` a part of it; the audit says who did."""
    await _own(session, actor, slug)
    made = await exports.ready(session, actor, export_id)
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": f'attachment; filename="{slug}-{made.created_at:%Y-%m-%d}.zip"',
        "Cache-Control": "no-store",
    }
    return await sent(
        *(request, parts.storage, made.storage_key),
        size=made.size or 0,
        tag=made.sha256 or made.id.hex,
        headers=headers,
    )


@router.delete("/{export_id}", status_code=204)
async def delete(slug: Slug, export_id: UUID, actor: CurrentActor, parts: Parts) -> None:
    """Delete an archive with its bytes."""
    async with parts.database.session(actor) as session:
        await _own(session, actor, slug)
        key = await exports.remove(session, actor, export_id)
    await asyncio.to_thread(parts.storage.remove, key)


async def _own(session: AsyncSession, actor: Actor, slug: str) -> None:
    """Raise NotFound unless the slug is that of the actor's tenant."""
    tenant = await found(session, actor, slug)
    if actor.require_tenant() != tenant.id:
        raise NotFound
