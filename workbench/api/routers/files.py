"""Files: uploaded in one go, listed, downloaded as attachments, deleted and restored."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from workbench.api import once
from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Parts, Session
from workbench.api.forms import FileForm
from workbench.api.routes import ActorRoute
from workbench.api.sending import documented, sent
from workbench.api.shapes import PageView, page_view
from workbench.db import listing
from workbench.errors import Detail, Invalid
from workbench.files import commands, queries, quotas
from workbench.files.arrivals import arriving
from workbench.files.errors import FileNotThere
from workbench.files.models import File
from workbench.files.schemas import FileView, Kind, RoomView
from workbench.permissions import Permission

router = APIRouter(prefix="/api/v1/files", route_class=ActorRoute, tags=["files"])

FORM = 64 * 1024  # what a form adds to its file, at most
SHA256_DIGITS = 64
# No page of ours, whatever it holds: it runs nothing, fetches nothing and stands in no frame.
POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"
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
                        "file": {"type": "string", "format": "binary"},
                        "sha256": {
                            "type": "string",
                            "description": "Its SHA-256 as 64 digits; another one is refused.",
                        },
                    },
                }
            }
        },
    }
}

Deleted = Annotated[bool, Query(description="Those that were deleted and can be restored.")]


async def outlasting() -> AsyncIterator[AsyncExitStack]:
    """Holds what ends after the session has: a dependency that stands before it."""
    async with AsyncExitStack() as stack:
        yield stack


Outlasting = Annotated[AsyncExitStack, Depends(outlasting, scope="function")]


@router.post("", status_code=201, openapi_extra=BODY)
async def upload(
    request: Request,
    response: Response,
    outlasting: Outlasting,
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    key: once.Key = None,
) -> FileView:
    """Upload a file; it goes to storage while it arrives."""
    actor.require(Permission.FILE_WRITE)
    arrival = await outlasting.enter_async_context(
        arriving(parts.database, parts.storage, actor, parts.files)
    )
    form = FileForm(request, frozenset({"sha256"}))
    await arrival.receive(form.file(), expected=least(request))
    sha256 = _sha256(form.fields.get("sha256"))
    if key is not None:
        digest = repr((arrival.written.sha256, form.name, sha256))
        await once.claim_for(request, session, actor, key, digest, parts)
    kept = await commands.keep(session, actor, arrival, name=form.name, sha256=sha256)
    response.headers["Location"] = f"{router.prefix}/{kept.id}"
    return FileView.model_validate(kept)


@router.get("")
async def files(
    actor: CurrentActor,
    session: Session,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    kind: Kind = Kind.UPLOAD,
    deleted: Deleted = False,  # noqa: FBT002 (in the address)
) -> PageView[FileView]:
    """List the files of the tenant, the newest first, or those that were deleted.

    What belongs to an import or a run needs the permission to read that too.
    """
    page = await listing.page(
        session,
        queries.files(actor, kind=kind, deleted=deleted),
        [File.id],
        cursor=cursor,
        limit=limit,
        newest_first=True,
    )
    return page_view(page, FileView.model_validate)


@router.get("/quota")
async def quota(actor: CurrentActor, session: Session, parts: Parts) -> RoomView:
    """Show how much the tenant's files take, deleted ones among them, and how much they may."""
    found = await session.scalar(quotas.quota(actor))
    own = None if found is None else found.quota
    return RoomView(
        used=0 if found is None else found.used,
        quota=parts.files.tenant if own is None else own,
        file_limit=parts.files.file,
    )


@router.get("/{file_id}")
async def file(file_id: UUID, actor: CurrentActor, session: Session) -> FileView:
    """Show what is known of a file."""
    found = await session.scalar(queries.file(actor, file_id))
    if found is None:
        raise FileNotThere
    return FileView.model_validate(found)


@router.get(
    "/{file_id}/content",
    response_class=StreamingResponse,
    responses=documented("application/octet-stream", "The file"),
)
async def content(
    request: Request, file_id: UUID, actor: CurrentActor, session: Session, parts: Parts
) -> Response:
    """Download a file, or with `Range` a part of it."""
    found = await commands.note_download(session, actor, file_id)
    headers = {
        "Content-Type": found.media_type,
        "Content-Disposition": attachment(found.name),
        "Content-Security-Policy": POLICY,
    }
    return await sent(
        *(request, parts.storage, found.storage_key),
        size=found.size,
        tag=found.sha256 or found.id.hex,
        headers=headers,
    )


@router.delete("/{file_id}", status_code=204)
async def delete(file_id: UUID, actor: CurrentActor, session: Session) -> None:
    """Delete a file; for a month it can be restored."""
    await commands.remove(session, actor, file_id)


@router.post("/{file_id}/restore")
async def restore(file_id: UUID, actor: CurrentActor, session: Session) -> FileView:
    """Bring a deleted file back."""
    return FileView.model_validate(await commands.restore(session, actor, file_id))


def attachment(name: str) -> str:
    """The header that has a browser save a file under a name (RFC 6266, RFC 8187)."""
    plain = "".join(c if c.isascii() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def least(request: Request) -> int:
    """How many bytes the file of a form has at least, by what its caller says."""
    return max(0, int(request.headers.get("content-length", "0")) - FORM)


def _sha256(text: str | None) -> str | None:
    if text is None:
        return None
    if len(text) != SHA256_DIGITS or not set(text.lower()) <= set("0123456789abcdef"):
        raise Invalid(details=[Detail("sha256", "this is no SHA-256 as 64 digits")])
    return text
