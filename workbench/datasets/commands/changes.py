"""Changes of a dataset as a whole: its name, its description, and whether it is there."""

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import changing, refusals
from workbench.datasets.commands import definitions
from workbench.datasets.models import Definition
from workbench.datasets.schemas import DatasetChange
from workbench.tenants.models import Tenant

RENAME = text("select workbench.rename_dataset(:definition, :name)")
DELETE = text("select workbench.delete_dataset(:definition, :who)")
RESTORE = text("select workbench.restore_dataset(:definition)")
NOTE = text("select workbench.note_description(:definition)")


async def rename(session: AsyncSession, actor: Actor, dataset: str, name: str) -> None:
    """Give a dataset another name, under which all find it from now on."""
    definition = await changing.require(session, actor, dataset)
    definitions.check_name(name)
    async with refusals.told(session):
        await session.execute(RENAME, {"definition": definition.id, "name": name})
    await changing.note(session, actor, definition, "dataset.rename", to=name)


async def describe(
    session: AsyncSession, actor: Actor, dataset: str, change: DatasetChange
) -> None:
    """Give a dataset another title or description; what the change leaves out stays."""
    definition = await changing.require(session, actor, dataset)
    given = change.model_dump(include={"title", "description"}, exclude_none=True)
    for name, value in given.items():
        setattr(definition, name, value)
    await session.flush()
    await session.execute(NOTE, {"definition": definition.id})
    await changing.note(session, actor, definition, "dataset.describe", fields=sorted(given))


async def delete_dataset(session: AsyncSession, actor: Actor, dataset: str) -> None:
    """Take a dataset away; it can be restored, and its name is free."""
    definition = await changing.require(session, actor, dataset)
    async with refusals.told(session):
        await session.execute(DELETE, {"definition": definition.id, "who": actor.subject})
    await changing.note(session, actor, definition, "dataset.delete")


async def restore_dataset(session: AsyncSession, actor: Actor, dataset: str) -> None:
    """Bring back the dataset that had this name last, with its rows and grants."""
    definition = await changing.require(session, actor, dataset, deleted=True)
    async with refusals.told(session):
        await session.execute(RESTORE, {"definition": definition.id})
    await _give(session, actor, definition)
    await changing.note(session, actor, definition, "dataset.restore")


async def _give(session: AsyncSession, actor: Actor, definition: Definition) -> None:
    """Give a shared dataset to tenants that are younger than its deletion."""
    if not definition.is_private:
        tenants = await session.scalars(select(Tenant.id))
        await definitions.give(session, actor, tenants.all(), {definition.id: definition.name})
