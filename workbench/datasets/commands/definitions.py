"""Defining shared datasets, and giving them to tenants."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import refusals, tables
from workbench.datasets.errors import NameTaken, refuse
from workbench.datasets.models import Column, Dataset, Definition
from workbench.datasets.schemas import NewDataset
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Permission
from workbench.tenants.models import Tenant

DEFINE_ROWS = text("select workbench.define_rows(:definition)")
SHARED = Definition.private_to.is_(None)


async def define(session: AsyncSession, actor: Actor, new: NewDataset) -> Definition:
    """Define a shared dataset, make its table, and give it to every tenant there is."""
    actor.require(Permission.DATASET_SHARE)
    check_names(new)
    taken = select(Definition.id).where(SHARED, Definition.name == new.name)
    if await session.scalar(taken) is not None:
        raise NameTaken
    definition = Definition(
        id=new_id(), name=new.name, title=new.title, description=new.description
    )
    definition.columns = [
        Column(position=position, **column.model_dump())
        for position, column in enumerate(new.columns)
    ]
    async with refusals.told(session):
        session.add(definition)
        await session.flush()
        await session.execute(DEFINE_ROWS, {"definition": definition.id})
    tenants = await session.scalars(select(Tenant.id))
    await give(session, actor, tenants.all(), {definition.id: definition.name})
    return definition


async def adopt_shared(database: Database, tenant_id: UUID) -> None:
    """Give a tenant every shared dataset that it lacks."""
    actor = Actor.of_system("adopt", Permission.DATASET_SHARE)
    async with database.session(actor) as session:
        await adopt(session, actor, tenant_id)


async def adopt(session: AsyncSession, actor: Actor, tenant_id: UUID) -> None:
    """Give a tenant every shared dataset that it lacks, in the transaction that makes it."""
    actor.require(Permission.DATASET_SHARE)
    definitions = await session.execute(select(Definition.id, Definition.name).where(SHARED))
    await give(session, actor, [tenant_id], {row.id: row.name for row in definitions})


async def give(
    session: AsyncSession, actor: Actor, tenants: Sequence[UUID], definitions: Mapping[UUID, str]
) -> None:
    """Give shared datasets to tenants that lack them; to whom has one, nothing happens."""
    actor.require(Permission.DATASET_SHARE)
    values = [
        {"tenant_id": tenant, "id": new_id(), "definition_id": definition}
        for tenant in tenants
        for definition in definitions
    ]
    if values:
        # Without naming the index: naming it would ask for the right to read the tenant's rows.
        await session.execute(insert(Dataset).values(values).on_conflict_do_nothing())
    names = sorted(definitions.values())
    for tenant in tenants if names else ():
        audit.record(session, actor, "dataset.share", "datasets", tenant_id=tenant, datasets=names)


def check_names(new: NewDataset) -> None:
    """Refuse names that PostgreSQL or another column uses; raise Invalid, which tells the place."""
    check_name(new.name)
    seen = set()
    for position, column in enumerate(new.columns):
        check_column_name(column.name, f"columns[{position}].name")
        if column.name in seen:
            raise refuse(f"columns[{position}].name", f"{column.name} is there twice")
        seen.add(column.name)


def check_name(name: str) -> None:
    """Refuse the name of a dataset that PostgreSQL keeps for itself."""
    if name.startswith("pg_"):
        raise refuse("name", "names that begin with pg_ belong to PostgreSQL")


def check_column_name(name: str, place: str) -> None:
    """Refuse the name of a column that rows or PostgreSQL use already."""
    if name in tables.RESERVED:
        raise refuse(place, f"{name} is reserved")
