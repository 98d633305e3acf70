"""Imports: a file goes in, a worker loads it, and refused rows come back to be corrected."""

import asyncio
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.api import forms, import_forms, once
from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Parts, Session
from workbench.api.forms import FileForm
from workbench.api.routers.datasets import Name
from workbench.api.routers.files import Outlasting, least
from workbench.api.routes import ActorRoute
from workbench.api.sending import chunks
from workbench.api.shapes import PageView, page_view
from workbench.audit import commands as audit
from workbench.datasets import commands, queries
from workbench.datasets.errors import ImportNotFound
from workbench.datasets.models import Import, Reject
from workbench.datasets.schemas import ImportDetails, ImportView, Proposal, RejectView
from workbench.db import listing

router = APIRouter(prefix="/api/v1", route_class=ActorRoute, tags=["imports"])

CSV: dict[int | str, dict[str, Any]] = {
    200: {"description": "The refused rows, whole", "content": {"text/csv": {}}}
}


@router.post("/datasets/{name}/imports", status_code=202, openapi_extra=import_forms.IMPORT_BODY)
async def start(  # noqa: PLR0913, PLR0917 (parts of the request)
    name: Name,
    request: Request,
    response: Response,
    outlasting: Outlasting,
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    key: once.Key = None,
) -> ImportDetails:
    """Take a file, which a worker loads into the dataset; mode `create` makes it from the file.

    It goes to storage while it arrives.
    """
    # Who may not import is told before the file is read.
    arrival = await outlasting.enter_async_context(
        commands.arriving(parts.database, parts.storage, actor, parts.files)
    )
    form = FileForm(request, import_forms.ALLOWED, import_forms.MAX_FIELD)
    await arrival.receive(form.file(), expected=least(request))
    order = import_forms.order(form.fields)
    if key is not None:
        digest = import_forms.digest(arrival.written.sha256, form.name, order)
        await once.claim_for(request, session, actor, key, digest, parts)
    made = await commands.start_import(
        session, actor, arrival, name, file_name=form.name, order=order
    )
    response.headers["Location"] = f"{router.prefix}/imports/{made.id}"
    return await _shown(session, commands.as_maker(actor, made.dataset.definition), made.id)


@router.post("/imports/preview", openapi_extra=import_forms.PREVIEW_BODY)
async def preview(request: Request, actor: CurrentActor, session: Session) -> Proposal:
    """Look at a file: how it would be read, its columns and first rows; nothing of it is kept."""
    commands.require_sender(actor)
    async with _form(request) as form:
        file, reading = import_forms.preview(form)
        return await commands.preview_import(
            session, actor, file.file, file.filename or "", reading
        )


@router.get("/imports")
async def imports(
    actor: CurrentActor,
    session: Session,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    dataset: str | None = None,
) -> PageView[ImportView]:
    """List the imports of the tenant, the newest first."""
    page = await listing.page(
        session,
        queries.imports(actor, dataset=dataset),
        [Import.id],
        cursor=cursor,
        limit=limit,
        newest_first=True,
    )
    return page_view(page, ImportView.model_validate)


@router.get("/imports/{import_id}")
async def import_(import_id: UUID, actor: CurrentActor, session: Session) -> ImportDetails:
    """Show how an import stands."""
    return await _shown(session, actor, import_id)


@router.post("/imports/{import_id}/cancel")
async def cancel(import_id: UUID, actor: CurrentActor, session: Session) -> ImportDetails:
    """End an import that waits or works; nothing of it stays."""
    await commands.cancel_import(session, actor, import_id)
    return await _shown(session, actor, import_id)


@router.post("/imports/{import_id}/retry", status_code=202)
async def retry(import_id: UUID, actor: CurrentActor, session: Session) -> ImportDetails:
    """Have an import that failed or was cancelled loaded again, from the file that was sent."""
    await commands.retry_import(session, actor, import_id)
    return await _shown(session, actor, import_id)


@router.post("/imports/{import_id}/undo")
async def undo(import_id: UUID, actor: CurrentActor, session: Session) -> ImportDetails:
    """Take the rows of an import away, and bring back those that it replaced."""
    await commands.undo_import(session, actor, import_id)
    return await _shown(session, actor, import_id)


@router.get("/imports/{import_id}/rejects")
async def rejects(
    import_id: UUID,
    actor: CurrentActor,
    session: Session,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> PageView[RejectView]:
    """List the rows that an import refused, by their line in the file."""
    await _found(session, actor, import_id)
    page = await listing.page(
        session,
        queries.rejects(actor, import_id),
        [Reject.line, Reject.id],
        cursor=cursor,
        limit=limit,
    )
    audit.record(session, actor, "reject.read", f"import {import_id}", rows=len(page.items))
    return page_view(page, RejectView.model_validate)


@router.get("/imports/{import_id}/rejects.csv", response_class=StreamingResponse, responses=CSV)
async def rejects_file(
    import_id: UUID, actor: CurrentActor, session: Session, parts: Parts
) -> StreamingResponse:
    """Download every refused row as a CSV that can be corrected and sent again as it is."""
    order, key = await commands.read_rejects(session, actor, import_id)
    file = await asyncio.to_thread(parts.storage.read, key)
    name = quote(f"rejects of {order.file_name}.csv")
    headers = {"Content-Disposition": f"attachment; filename*=utf-8''{name}"}
    return StreamingResponse(chunks(file), headers=headers, media_type="text/csv; charset=utf-8")


def _form(request: Request) -> Any:
    whole = forms.WholeRequest(request.scope, request.receive)
    return whole.form(
        max_files=1, max_fields=import_forms.FIELDS, max_part_size=import_forms.MAX_FIELD
    )


async def _shown(session: AsyncSession, actor: Actor, import_id: UUID) -> ImportDetails:
    await session.flush()
    return ImportDetails.model_validate(await _found(session, actor, import_id))


async def _found(session: AsyncSession, actor: Actor, import_id: UUID) -> Import:
    order = await session.scalar(queries.import_(actor, import_id))
    if order is None:
        raise ImportNotFound
    return order
