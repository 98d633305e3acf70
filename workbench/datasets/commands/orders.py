"""Keeping orders of a dataset's rows: an index for each, which a page far down is read from."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import changing, orders, refusals
from workbench.datasets.schemas import Sort

STATEMENT = text("select workbench.order_statement(:definition, :sort)")
ADD = text("select workbench.add_order(:definition, :sort)")
DROP = text("select workbench.drop_order(:definition, :sort)")


async def order_statement(
    session: AsyncSession, actor: Actor, dataset: str, sort: Sequence[Sort]
) -> str:
    """The statement by which the owner of the tables makes an order's index beside writers."""
    definition = await changing.require(session, actor, dataset)
    values = {"definition": definition.id, "sort": orders.written(sort)}
    async with refusals.told(session):
        return str(await session.scalar(STATEMENT, values))


async def add_order(
    session: AsyncSession, actor: Actor, dataset: str, sort: Sequence[Sort]
) -> None:
    """Keep an order of rows; writers wait while its index is made, unless it is there already."""
    definition = await changing.require(session, actor, dataset)
    values = {"definition": definition.id, "sort": orders.written(sort)}
    async with refusals.told(session):
        await session.execute(ADD, values)
    await changing.note(session, actor, definition, "order.add", sort=values["sort"])


async def drop_order(
    session: AsyncSession, actor: Actor, dataset: str, sort: Sequence[Sort]
) -> None:
    """Give up an order; its pages sort the rows from then on."""
    definition = await changing.require(session, actor, dataset)
    values = {"definition": definition.id, "sort": orders.written(sort)}
    async with refusals.told(session):
        await session.execute(DROP, values)
    await changing.note(session, actor, definition, "order.drop", sort=values["sort"])
