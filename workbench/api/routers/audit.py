"""The audit: what was done and read in the tenant, by whom."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Session
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView, page_view
from workbench.audit import queries
from workbench.audit.models import AuditEntry
from workbench.db import listing

router = APIRouter(prefix="/api/v1/audit", route_class=ActorRoute, tags=["audit"])


class EntryView(BaseModel):
    """One thing that somebody did or read; `subject` is a user's id or `system:` and a task."""

    id: UUID
    at: datetime
    subject: str
    action: str
    target: str
    details: dict[str, Any]


@router.get("")
async def entries(
    actor: CurrentActor, session: Session, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> PageView[EntryView]:
    """List what happened in the tenant, the newest first; for its owners."""
    page = await listing.page(
        session,
        queries.entries(actor),
        [AuditEntry.id],
        cursor=cursor,
        limit=limit,
        newest_first=True,
    )
    return page_view(page, _view)


def _view(entry: AuditEntry) -> EntryView:
    return EntryView(
        id=entry.id,
        at=entry.at,
        subject=entry.subject,
        action=entry.action,
        target=entry.target,
        details=entry.details,
    )
