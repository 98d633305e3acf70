"""Tenants: a member sees its own; the operator makes, suspends, resumes and deletes them."""

import asyncio
from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.api import etags
from workbench.api.dependencies import (
    DEFAULT_LIMIT,
    CurrentActor,
    Cursor,
    Limit,
    Parts,
    Session,
)
from workbench.api.once import Once
from workbench.api.routes import ActorRoute
from workbench.api.shapes import Order, PageView, page_view
from workbench.datasets import commands as datasets
from workbench.db import listing
from workbench.errors import NotFound
from workbench.permissions import Permission
from workbench.tenants import commands, queries, usage
from workbench.tenants.models import Tenant

router = APIRouter(prefix="/api/v1/tenants", route_class=ActorRoute, tags=["tenants"])

Slug = Annotated[str, Path(max_length=100)]


class NewTenant(Order):
    """A customer to be."""

    slug: str = Field(min_length=1, max_length=40, examples=["ua"])
    name: str = Field(min_length=1, max_length=200, examples=["United Air Lines"])


class TenantView(BaseModel):
    """A customer."""

    id: UUID
    slug: str
    name: str
    created_at: datetime
    suspended_at: datetime | None
    suspended_reason: str | None


class Suspension(Order):
    """Why a tenant is suspended."""

    reason: str | None = Field(default=None, min_length=1, max_length=500)


class UsageView(BaseModel):
    """What a tenant uses; `row_bytes` is estimated from the width of up to 1,000 of its rows."""

    rows: int
    row_bytes: int
    files: int
    file_bytes: int
    imports: int
    runs: int
    run_minutes: float
    members: int
    last_activity: datetime | None


@router.get("")
async def tenants(
    actor: CurrentActor, session: Session, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> PageView[TenantView]:
    """List the tenants that the actor may see: its own, or all for the platform's operator."""
    page = await listing.page(
        session, queries.tenants(actor), [Tenant.slug], cursor=cursor, limit=limit
    )
    return page_view(page, _view)


@router.post("", status_code=201, dependencies=[Once])
async def create(
    order: NewTenant, actor: CurrentActor, session: Session, response: Response
) -> TenantView:
    """Make a tenant with every shared dataset; for the platform's operator."""
    made = await commands.create(session, actor, slug=order.slug, name=order.name)
    await datasets.adopt(session, actor, made.id)
    view = _view(made)
    response.headers["Location"] = f"{router.prefix}/{view.slug}"
    etags.put(response, view)
    return view


@router.get("/{slug}")
async def tenant(
    slug: Slug, actor: CurrentActor, session: Session, response: Response
) -> TenantView:
    """Show one tenant."""
    view = _view(await found(session, actor, slug))
    etags.put(response, view)
    return view


@router.post("/{slug}/suspend")
async def suspend(
    slug: Slug,
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    response: Response,
    order: Suspension | None = None,
    if_match: etags.IfMatch = None,
) -> TenantView:
    """Take every access to a tenant at once and keep its data; for the platform's operator."""
    tenant = await found(session, actor, slug, if_match)
    reason = order.reason if order else None
    await commands.suspend(session, actor, tenant.id, parts.clock(), reason=reason)
    return await _changed(session, tenant, response)


@router.post("/{slug}/resume")
async def resume(
    slug: Slug,
    actor: CurrentActor,
    session: Session,
    response: Response,
    if_match: etags.IfMatch = None,
) -> TenantView:
    """Let the members of a suspended tenant sign in again; for the platform's operator."""
    tenant = await found(session, actor, slug, if_match)
    await commands.resume(session, actor, tenant.id)
    return await _changed(session, tenant, response)


@router.delete("/{slug}", status_code=204)
async def delete(
    slug: Slug,
    actor: CurrentActor,
    session: Session,
    if_match: etags.IfMatch = None,
    reason: Annotated[str | None, Query(max_length=500)] = None,
) -> None:
    """Take every access to a tenant; its data stay until a purge. For the platform's operator."""
    tenant = await found(session, actor, slug, if_match)
    await commands.delete(session, actor, tenant.id, reason=reason)


@router.get("/{slug}/usage")
async def figures(slug: Slug, actor: CurrentActor, session: Session, parts: Parts) -> UsageView:
    """Tell what a tenant uses: figures, and no row; for the platform's operator."""
    actor.require(Permission.PLATFORM_READ)
    tenant = await found(session, actor, slug)
    used = await usage.of(session, actor, tenant.id)
    sizes = await asyncio.to_thread(parts.storage.sizes, tenant.id)
    return UsageView(**asdict(used), files=len(sizes), file_bytes=sum(sizes.values()))


async def found(
    session: AsyncSession, actor: Actor, slug: str, if_match: str | None = None
) -> Tenant:
    """The tenant of a slug; raise NotFound unless the actor sees it, Stale when it has changed."""
    statement = queries.tenant_with_slug(actor, slug)
    if if_match is not None:
        statement = statement.with_for_update()
    tenant = await session.scalar(statement)
    if tenant is None:
        raise NotFound
    etags.check(if_match, _view(tenant))
    return tenant


async def _changed(session: AsyncSession, tenant: Tenant, response: Response) -> TenantView:
    await session.refresh(tenant)
    view = _view(tenant)
    etags.put(response, view)
    return view


def _view(tenant: Tenant) -> TenantView:
    return TenantView(
        id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        created_at=tenant.created_at,
        suspended_at=tenant.suspended_at,
        suspended_reason=tenant.suspended_reason,
    )
