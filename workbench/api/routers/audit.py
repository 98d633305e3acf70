"""The audit: what was done and read in the tenant, by whom."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict

from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Parts, Session
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView, page_view
from workbench.audit import commands, exports, queries
from workbench.audit.exports import Format
from workbench.audit.models import AuditEntry
from workbench.audit.queries import Wanted
from workbench.db import listing

router = APIRouter(prefix="/api/v1/audit", route_class=ActorRoute, tags=["audit"])

Since = Annotated[AwareDatetime | None, Query(description="The first time.")]
Until = Annotated[AwareDatetime | None, Query(description="The first time that is left out.")]
Word = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


class EntryView(BaseModel):
    """One thing that somebody did or read; `subject` is a user's id or `system:` and a task.

    `rows` counts what was read or changed, `run_id` names the run through which it was done.
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    at: datetime
    subject: str
    action: str
    target: str
    run_id: UUID | None
    rows: int | None
    details: dict[str, Any]


@router.get("")
async def entries(  # noqa: PLR0913, PLR0917 (each filter is a parameter of the address)
    actor: CurrentActor,
    session: Session,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    action: Word = None,
    subject: Word = None,
    target: Word = None,
    run_id: UUID | None = None,
    since: Since = None,
    until: Until = None,
) -> PageView[EntryView]:
    """List what happened in the tenant, the newest first; for its owners, and noted itself."""
    wanted = Wanted(
        action=action, subject=subject, target=target, run_id=run_id, since=since, until=until
    )
    page = await listing.page(
        session,
        queries.entries(actor, wanted),
        [AuditEntry.at, AuditEntry.id],
        cursor=cursor,
        limit=limit,
        newest_first=True,
    )
    commands.record(session, actor, "audit.read", "audit", rows=len(page.items))
    return page_view(page, EntryView.model_validate)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"application/jsonl": {}, "text/csv": {}},
            "description": "One line for each entry, in the order of the chain",
        }
    },
)
async def export(
    actor: CurrentActor,
    parts: Parts,
    format_: Annotated[
        Format, Query(alias="format", description="JSON Lines can be verified.")
    ] = Format.JSONL,
    since: Since = None,
    until: Until = None,
) -> StreamingResponse:
    """Download the audit with its hashes; whoever has the file can verify it without Workbench."""
    piece = await exports.begin(parts.database, actor, format_, since, until)
    lines: AsyncIterator[str] = exports.lines(parts.database, actor, piece, format_)
    headers = {"Content-Disposition": f'attachment; filename="audit.{format_}"'}
    return StreamingResponse(lines, media_type=format_.media_type, headers=headers)
