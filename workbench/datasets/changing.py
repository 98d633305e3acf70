"""Who may change a definition, and how a change of one is noted."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import queries
from workbench.datasets.errors import DatasetNotFound
from workbench.datasets.models import Definition
from workbench.errors import Forbidden
from workbench.permissions import Permission
from workbench.tenants.models import Tenant


async def require(
    session: AsyncSession, actor: Actor, name: str, *, deleted: bool = False
) -> Definition:
    """The definition of a name with its columns; raise Forbidden unless the actor may change it.

    A tenant's private one needs `dataset:define`, a shared one is the platform's.
    """
    find = queries.deleted_definition if deleted else queries.definition
    definition = await session.scalar(find(actor, name))
    if definition is None:
        raise DatasetNotFound
    if definition.is_private:
        actor.require(Permission.DATASET_DEFINE, str(definition.id))
    elif actor.tenant_id is not None:
        raise Forbidden("All tenants share this dataset; the platform's operator changes it.")
    return definition


async def note(
    session: AsyncSession, actor: Actor, definition: Definition, action: str, **details: Any
) -> None:
    """Note a change for the tenant; that of a shared definition for every tenant."""
    tenants = [actor.tenant_id]
    if actor.tenant_id is None:
        tenants = list(await session.scalars(select(Tenant.id)))
    for tenant_id in tenants:
        target = f"dataset {definition.name}"
        audit.record(session, actor, action, target, tenant_id=tenant_id, **details)
