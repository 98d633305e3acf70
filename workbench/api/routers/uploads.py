"""Uploads: files that come in parts and go on where they broke off.

The headers are those of the IETF's draft on resumable uploads: `Upload-Offset` says how many bytes
have arrived, `Upload-Length` how many there will be, `Upload-Complete` whether that is all.
"""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response

from workbench.api import etags
from workbench.api.dependencies import CurrentActor, Parts, Session
from workbench.api.etags import IfMatch
from workbench.api.forms import body
from workbench.api.once import Once
from workbench.api.routes import ActorRoute
from workbench.files import commands
from workbench.files.commands.parts import clear, found
from workbench.files.schemas import FileView, NewUpload, UploadView

router = APIRouter(prefix="/api/v1/files/uploads", route_class=ActorRoute, tags=["files"])

Offset = Annotated[
    int,
    Header(alias="Upload-Offset", ge=0, le=2**60, description="Where the bytes of the body begin."),
]


@router.post("", status_code=201, dependencies=[Once])
async def begin(
    order: NewUpload, actor: CurrentActor, session: Session, parts: Parts, response: Response
) -> UploadView:
    """Begin a file that comes in parts; its room is reserved for a day."""
    view = UploadView.model_validate(await commands.begin(session, actor, parts.files, order))
    response.headers["Location"] = f"{router.prefix}/{view.id}"
    _tell(response, view)
    return view


@router.get("/{upload_id}")
async def show(
    upload_id: UUID, actor: CurrentActor, session: Session, response: Response
) -> UploadView:
    """Show how an upload of one's own stands."""
    view = UploadView.model_validate(await found(session, actor, upload_id))
    _tell(response, view)
    return view


@router.head("/{upload_id}", status_code=204)
async def ask(upload_id: UUID, actor: CurrentActor, session: Session, response: Response) -> None:
    """Ask in headers alone how an upload stands."""
    _tell(response, UploadView.model_validate(await found(session, actor, upload_id)))


@router.patch("/{upload_id}", status_code=204)
async def append(
    upload_id: UUID,
    request: Request,
    actor: CurrentActor,
    parts: Parts,
    response: Response,
    offset: Offset,
    if_match: IfMatch = None,
) -> None:
    """Send the next part of a file; what arrived before a connection broke counts."""
    await _check(upload_id, actor, parts, if_match)
    made = await commands.append(
        parts.database, actor, parts.storage, upload_id, body(request), offset=offset
    )
    _tell(response, UploadView.model_validate(made))


@router.post("/{upload_id}/finish", status_code=201)
async def finish(
    upload_id: UUID, actor: CurrentActor, parts: Parts, response: Response
) -> FileView:
    """Make a file of an upload whose bytes are all there; asked again, it is the same file."""
    made = await commands.finish(parts.database, actor, parts.storage, parts.files, upload_id)
    response.headers["Location"] = f"/api/v1/files/{made.id}"
    return FileView.model_validate(made)


@router.delete("/{upload_id}", status_code=204)
async def abandon(
    upload_id: UUID, actor: CurrentActor, parts: Parts, if_match: IfMatch = None
) -> None:
    """Give an upload up; nothing of it stays."""
    async with parts.database.session(actor) as session:
        view = UploadView.model_validate(await found(session, actor, upload_id))
        etags.check(if_match, view)
        await commands.abandon(session, actor, upload_id)
    await asyncio.to_thread(clear, parts.storage, actor.require_tenant(), upload_id)


async def _check(upload_id: UUID, actor: CurrentActor, parts: Parts, if_match: str | None) -> None:
    if if_match is not None:
        async with parts.database.session(actor) as session:
            etags.check(if_match, UploadView.model_validate(await found(session, actor, upload_id)))


def _tell(response: Response, view: UploadView) -> None:
    etags.put(response, view)
    response.headers["Upload-Offset"] = str(view.received)
    response.headers["Upload-Length"] = str(view.size)
    response.headers["Upload-Complete"] = "?1" if view.received == view.size else "?0"
