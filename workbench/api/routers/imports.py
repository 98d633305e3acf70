"""Imports: a file goes in, a worker loads it, and refused rows can be read."""

import asyncio
import hashlib
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, UploadFile

from workbench.actor import Actor
from workbench.api import once
from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Parts, Session
from workbench.api.routers.datasets import Name
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView, page_view
from workbench.audit import commands as audit
from workbench.datasets import commands, queries
from workbench.datasets.errors import ImportNotFound
from workbench.datasets.models import Import, Reject
from workbench.datasets.schemas import ImportView, RejectView
from workbench.db import listing
from workbench.errors import Detail, Invalid
from workbench.permissions import Permission

router = APIRouter(prefix="/api/v1", route_class=ActorRoute, tags=["imports"])

FIELDS = 4
MODES = ("append",)
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "A CSV."},
                        "mode": {"type": "string", "enum": list(MODES), "default": "append"},
                        "null_text": {
                            "type": "string",
                            "default": "",
                            "description": "What stands in a cell without a value, such as `NA`.",
                        },
                    },
                }
            }
        },
    }
}


@router.post("/datasets/{name}/imports", status_code=202, openapi_extra=BODY)
async def start(
    name: Name,
    request: Request,
    response: Response,
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    key: once.Key = None,
) -> ImportView:
    """Take a CSV file; a worker loads it into the dataset."""
    # Before the file is read: who may not import need not send a gigabyte to be told.
    actor.require(Permission.IMPORT_START)
    async with request.form(max_files=1, max_fields=FIELDS) as form:
        file, null_text = _read(form)
        if key is not None:
            digest = await asyncio.to_thread(_digest, file, null_text)
            await once.claim_for(request, session, actor, key, digest, parts)
        order = await commands.start_import(
            session,
            actor,
            parts.storage,
            name,
            file.file,
            file_name=file.filename or "",
            null_text=null_text,
        )
    response.headers["Location"] = f"{router.prefix}/imports/{order.id}"
    return ImportView.model_validate(await _found(session, actor, order.id))


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
async def import_(import_id: UUID, actor: CurrentActor, session: Session) -> ImportView:
    """Show how an import stands."""
    return ImportView.model_validate(await _found(session, actor, import_id))


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


async def _found(session: AsyncSession, actor: Actor, import_id: UUID) -> Import:
    order = await session.scalar(queries.import_(actor, import_id))
    if order is None:
        raise ImportNotFound
    return order


def _read(form: FormData) -> tuple[UploadFile, str]:
    file, mode, null_text = form.get("file"), form.get("mode", MODES[0]), form.get("null_text", "")
    details = [
        Detail(field, "there is no such field")
        for field in form
        if field not in ("file", "mode", "null_text")
    ]
    if mode not in MODES:
        details.append(Detail("mode", f"this can be {' or '.join(MODES)}"))
    if not isinstance(file, UploadFile):
        details.append(Detail("file", "send a file as multipart/form-data"))
    if details or not isinstance(file, UploadFile) or not isinstance(null_text, str):
        raise Invalid(details=details or [Detail("null_text", "this is no text")])
    return file, null_text


def _digest(file: UploadFile, null_text: str) -> str:
    digest = hashlib.file_digest(file.file, "sha256")  # type: ignore[arg-type] # a spooled file
    file.file.seek(0)
    digest.update(repr((file.filename, null_text)).encode())
    return digest.hexdigest()
