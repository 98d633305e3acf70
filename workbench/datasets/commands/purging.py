"""Removing for good what was deleted long ago: private datasets, and columns of any."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access.models import Grant
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets.models import Dataset, Definition, Import, Reject
from workbench.files import commands as attached
from workbench.files.schemas import Kind
from workbench.permissions import Permission

DUE = text("select tenant_id, id, is_deleted from workbench.definitions_due(:before)")
PURGE = text("select workbench.purge_definition(:definition)")
COLUMNS = text("select workbench.purge_columns(:definition, :before)")


class Due(NamedTuple):
    """A definition that is to be purged, or some of its columns, and its tenant if it has one."""

    tenant_id: UUID | None
    id: UUID
    is_deleted: bool


def purger(tenant_id: UUID | None) -> Actor:
    """The system's actor that purges datasets of a tenant, or columns of shared ones."""
    held = (
        Permission.DATASET_DEFINE,
        Permission.DATASET_READ,
        Permission.DATASET_SHARE,
        Permission.IMPORT_READ,
        Permission.IMPORT_START,
        Permission.MEMBER_READ,
        Permission.ROLE_MANAGE,
    )
    return Actor.of_system("purge datasets", *held, tenant_id=tenant_id)


async def due(session: AsyncSession, before: datetime) -> list[Due]:
    """What was deleted before a time and is still kept."""
    return [Due(*row) for row in await session.execute(DUE, {"before": before})]


async def purge_dataset(session: AsyncSession, actor: Actor, definition_id: UUID) -> list[str]:
    """Remove a deleted private dataset with its table; answer where its files lie in storage."""
    actor.require(Permission.DATASET_DEFINE)
    every = {"include_deleted": True, "synchronize_session": False}
    options = {"execution_options": {"include_deleted": True}}
    name = await session.scalar(
        select(Definition.name).where(Definition.id == definition_id), **options
    )
    datasets = select(Dataset.id).where(
        Dataset.tenant_id == actor.require_tenant(), Dataset.definition_id == definition_id
    )
    imports = select(Import.id).where(Import.dataset_id.in_(datasets))
    owners = (await session.scalars(imports, **options)).all()
    for model, condition in (
        (Reject, Reject.import_id.in_(imports)),
        (Import, Import.dataset_id.in_(datasets)),
        (Grant, Grant.dataset_id.in_(datasets)),
        (Dataset, Dataset.definition_id == definition_id),
    ):
        mine = model.tenant_id == actor.require_tenant()
        await session.execute(delete(model).where(mine, condition).execution_options(**every))
    files = await attached.purge_attached(session, actor, owners, Kind.IMPORT, Kind.REJECT)
    await session.execute(PURGE, {"definition": definition_id})
    audit.record(session, actor, "dataset.purge", f"dataset {name}")
    return files


async def purge_columns(
    session: AsyncSession, actor: Actor, definition_id: UUID, before: datetime
) -> int:
    """Remove the values of columns that were dropped before a time; answer how many columns."""
    actor.require(
        Permission.DATASET_SHARE if actor.tenant_id is None else Permission.DATASET_DEFINE
    )
    removed = await session.scalar(COLUMNS, {"definition": definition_id, "before": before}) or 0
    if removed and actor.tenant_id is not None:
        audit.record(session, actor, "column.purge", f"definition {definition_id}", columns=removed)
    return removed
