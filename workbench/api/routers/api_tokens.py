"""API tokens: what programs sign in with."""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import api_tokens as commands
from workbench.actor import Actor
from workbench.api import once
from workbench.api.dependencies import (
    DEFAULT_LIMIT,
    CurrentActor,
    Cursor,
    Limit,
    Parts,
    Session,
)
from workbench.api.routes import PersonRoute
from workbench.api.shapes import Order, PageView
from workbench.db import listing
from workbench.errors import NotFound
from workbench.identity import api_tokens, queries
from workbench.identity.models import ApiToken, User
from workbench.permissions import Permission

router = APIRouter(prefix="/api/v1/api-tokens", route_class=PersonRoute, tags=["api-tokens"])


class NewApiToken(Order):
    """What a program is to be called, what it may do, and for how long."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "nightly load", "scope": ["import:read", "import:start"], "days": 90}
            ]
        },
    )

    name: str = Field(min_length=1, max_length=100)
    scope: set[Permission] = Field(min_length=1, max_length=len(Permission))
    days: int = Field(default=commands.LIFETIME.days, ge=1, le=commands.LONGEST.days)


class ApiTokenView(BaseModel):
    """A token without its secret; `ended` means that its maker's access ended before it did."""

    id: UUID
    name: str
    prefix: str
    user_id: UUID
    email: str
    scope: list[str]
    status: Literal["live", "expired", "ended"]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class NewApiTokenView(ApiTokenView):
    """A token just made; `token` is shown this once, and null when the request is sent again."""

    token: str | None


@router.get("")
async def tokens(
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> PageView[ApiTokenView]:
    """List one's own tokens, the newest first; an owner sees every token of the tenant."""
    page = await listing.page(
        session,
        queries.api_tokens(actor),
        [ApiToken.id],
        cursor=cursor,
        limit=limit,
        newest_first=True,
    )
    now = parts.clock()
    views = [ApiTokenView(**_told(row, now)) for row in page.items]
    return PageView(items=views, next_cursor=page.next_cursor)


@router.post("", status_code=201, dependencies=[once.Once])
async def create(
    order: NewApiToken,
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    request: Request,
    response: Response,
) -> NewApiTokenView:
    """Make a token that does no more than `scope`, nor more than its maker may; shown once."""
    now = parts.clock()
    made, shown = await commands.create(
        session,
        actor,
        name=order.name,
        scope=order.scope,
        expires_at=now + timedelta(days=order.days),
        now=now,
    )
    told = await _found(session, actor, made.id, now)
    view = NewApiTokenView(**told, token=None)
    once.keep_instead(request, view)
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return view.model_copy(update={"token": shown})


@router.get("/{token_id}")
async def token(
    token_id: UUID, actor: CurrentActor, session: Session, parts: Parts
) -> ApiTokenView:
    """Show one token."""
    return ApiTokenView(**await _found(session, actor, token_id, parts.clock()))


@router.delete("/{token_id}", status_code=204)
async def revoke(token_id: UUID, actor: CurrentActor, parts: Parts) -> None:
    """Revoke a token; it is refused from the next statement on."""
    await commands.revoke(parts.database, actor, token_id)


async def _found(
    session: AsyncSession, actor: Actor, token_id: UUID, now: datetime
) -> dict[str, object]:
    row = (await session.execute(queries.api_token(actor, token_id))).first()
    if row is None:
        raise NotFound
    return _told(row, now)


def _told(row: Row[*tuple[Any, ...]], now: datetime) -> dict[str, object]:
    token: ApiToken = row.ApiToken
    user: User = row.User
    ended = "expired" if token.expires_at <= now else "ended"
    return {
        "id": token.id,
        "name": token.name,
        "prefix": api_tokens.prefix(token.id),
        "user_id": user.id,
        "email": user.email,
        "scope": token.scope,
        "status": "live" if row.is_live else ended,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    }
