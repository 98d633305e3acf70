"""One's own log-ins: where one is signed in, leaving them, and changing the password."""

from datetime import datetime
from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from workbench.access import proof, sign_out
from workbench.api import attempts, credentials
from workbench.api.dependencies import (
    DEFAULT_LIMIT,
    CurrentActor,
    Cursor,
    Limit,
    Parts,
    Session,
)
from workbench.api.routes import ActorRoute
from workbench.api.shapes import Order, PageView, page_view
from workbench.db import listing
from workbench.identity import queries
from workbench.identity.models import Login

router = APIRouter(prefix="/api/v1/auth", route_class=ActorRoute, tags=["auth"])


class LoginView(BaseModel):
    """A signed-in period; `device` is what the browser or program calls itself.

    `ended_reason` is null while it lasts, else one of `disabled`, `expired`, `password_changed`,
    `reused`, `revoked`, `signed_out`, `signed_out_elsewhere`, `signed_out_everywhere`.
    """

    id: UUID
    device: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_reason: str | None
    is_current: bool


class Leaving(Order):
    """Whether to stay signed in here."""

    keep_current: bool = False


class NewPassword(Order):
    """The present password, and the one that is to follow it."""

    current_password: SecretStr = Field(max_length=1000)
    new_password: SecretStr = Field(max_length=1000)


@router.get("/logins")
async def logins(
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> PageView[LoginView]:
    """List where one is and was signed in, the newest first."""
    await proof.require_login(session, actor)
    page = await listing.page(
        session, queries.logins(actor), [Login.id], cursor=cursor, limit=limit, newest_first=True
    )
    return page_view(page, partial(_view, actor.sid, parts.clock()))


@router.delete("/logins/{login_id}", status_code=204)
async def leave(
    login_id: UUID, actor: CurrentActor, session: Session, parts: Parts, response: Response
) -> None:
    """Sign out there; its next request and its running statements are refused."""
    await sign_out.sign_out_there(session, actor, login_id, parts.clock())
    if login_id == actor.sid:
        credentials.clear_cookies(response)


@router.post("/logout-everywhere", status_code=204)
async def leave_all(
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    response: Response,
    order: Leaving | None = None,
) -> None:
    """Sign out everywhere, or everywhere else; runs that were started go on."""
    is_kept = order is not None and order.keep_current
    await sign_out.sign_out_everywhere(session, actor, parts.clock(), keep_current=is_kept)
    if not is_kept:
        credentials.clear_cookies(response)


@router.post("/password", status_code=204)
async def change_password(
    order: NewPassword, request: Request, actor: CurrentActor, parts: Parts
) -> None:
    """Change one's password; every other log-in, and every run, ends at its next statement."""
    async with parts.database.session(actor) as session:
        email = (await session.scalars(queries.myself(actor))).one().email
    async with attempts.counted(request, parts, email):
        await sign_out.change_password(
            parts.database,
            actor,
            current=order.current_password.get_secret_value(),
            new=order.new_password.get_secret_value(),
            now=parts.clock(),
        )


def _view(current: UUID | None, now: datetime, login: Login) -> LoginView:
    is_expired = login.ended_at is None and login.expires_at <= now
    return LoginView(
        id=login.id,
        device=login.user_agent,
        address=login.address,
        created_at=login.created_at,
        last_seen_at=login.last_seen_at,
        expires_at=login.expires_at,
        ended_at=login.expires_at if is_expired else login.ended_at,
        ended_reason="expired" if is_expired else login.ended_reason,
        is_current=login.id == current,
    )
