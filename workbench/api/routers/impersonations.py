"""Impersonations: an operator enters a tenant; the tenant's owners see it and can end it."""

from datetime import datetime, timedelta
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from workbench.access import impersonations
from workbench.access.models import Impersonation
from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Parts, Session
from workbench.api.routers.tenants import Slug, found
from workbench.api.routes import ActorRoute
from workbench.api.shapes import Order, PageView, page_view
from workbench.db import listing
from workbench.errors import Forbidden
from workbench.identity import queries as identities
from workbench.permissions import Permission, Role

router = APIRouter(prefix="/api/v1", route_class=ActorRoute, tags=["impersonations"])


class Entry(Order):
    """Why an operator enters, as what, and for how long."""

    reason: str = Field(min_length=1, max_length=500, examples=["ticket 4711: totals differ"])
    role: Role = Role.VIEWER
    minutes: int = Field(default=30, ge=1, le=60)


class ImpersonationView(BaseModel):
    """An operator's stay in a tenant."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    operator: str
    role: str
    reason: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None


class Entered(BaseModel):
    """The token that acts in the tenant until it expires; nothing renews it."""

    impersonation: ImpersonationView
    access_token: str
    token_type: str = "Bearer"  # noqa: S105 (its kind)


@router.post("/tenants/{slug}/enter", status_code=201)
async def enter(
    slug: Slug, order: Entry, actor: CurrentActor, session: Session, parts: Parts
) -> Entered:
    """Act in a tenant for at most an hour, seen by the tenant; for the platform's operator."""
    actor.require(Permission.TENANT_ENTER)
    tenant = await found(session, actor, slug)
    operator = await session.scalar(identities.myself(actor))
    if operator is None:
        raise Forbidden
    lifetime, now = timedelta(minutes=order.minutes), parts.clock()
    entry = await impersonations.enter(
        session,
        actor,
        operator,
        tenant.id,
        reason=order.reason,
        role=order.role,
        until=now + lifetime,
    )
    await session.refresh(entry)
    token = parts.tokens.access(entry.id, operator.id, tenant.id, now, lifetime=lifetime)
    return Entered(impersonation=ImpersonationView.model_validate(entry), access_token=token)


@router.get("/impersonations")
async def stays(
    actor: CurrentActor, session: Session, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> PageView[ImpersonationView]:
    """List the operators' stays in the tenant, the newest first; for its owners."""
    page = await listing.page(
        session,
        impersonations.impersonations(actor),
        [Impersonation.id],
        cursor=cursor,
        limit=limit,
        newest_first=True,
    )
    return page_view(page, ImpersonationView.model_validate)


@router.delete("/impersonations/{impersonation_id}", status_code=204)
async def end(impersonation_id: UUID, actor: CurrentActor, parts: Parts) -> None:
    """End a stay at once; for the tenant's owners, and for the operator who is in by it."""
    async with parts.database.session(actor) as session:
        await impersonations.end(session, actor, impersonation_id, parts.clock())
    await parts.database.cancel_statements(impersonation_id)
