"""Statements about tenants."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from workbench.actor import Actor
from workbench.db.model import columns
from workbench.permissions import Permission
from workbench.tenants.models import Tenant


def tenants(actor: Actor) -> Select[Tenant]:
    """The tenants that the actor may see, by slug: its own, or all for the platform's operator."""
    statement = select(Tenant).order_by(Tenant.slug)
    if actor.tenant_id is not None:
        statement = statement.where(Tenant.id == actor.tenant_id)
    return statement


def tenant(actor: Actor, tenant_id: UUID) -> Select[Tenant]:
    """One tenant that the actor may see."""
    return tenants(actor).where(Tenant.id == tenant_id)


def tenant_with_slug(actor: Actor, slug: str) -> Select[Tenant]:
    """The tenant of a slug, if the actor may see it."""
    return tenants(actor).where(Tenant.slug == slug)


def everything(actor: Actor) -> dict[str, Select[*tuple[Any, ...]]]:
    """What the room gives to an archive of the actor's tenant, by the name of the list."""
    actor.require(Permission.TENANT_EXPORT)
    own = select(*columns(Tenant)).where(Tenant.id == actor.require_tenant())
    return {"tenants": own}
