"""Changes of a dataset and its columns: the tenant's private ones, or shared by the operator."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.api import etags
from workbench.api.dependencies import CurrentActor, Session
from workbench.api.once import Once
from workbench.api.routers.datasets import Name, put_tag, shown, tagged
from workbench.api.routes import ActorRoute
from workbench.datasets import commands
from workbench.datasets.errors import ColumnNotFound, refuse
from workbench.datasets.schemas import (
    ColumnChange,
    ColumnView,
    DatasetChange,
    DatasetView,
    LostValue,
    NewColumn,
)

router = APIRouter(prefix="/api/v1/datasets/{name}", route_class=ActorRoute, tags=["datasets"])

ColumnName = Annotated[str, Path(max_length=100, examples=["delay"])]


class ColumnAnswer(BaseModel):
    """A column as it is now, and which values a new type has lost, or would lose in a dry run."""

    column: ColumnView
    lost: int
    examples: list[LostValue]


@router.patch("")
async def change_dataset(
    name: Name,
    order: DatasetChange,
    actor: CurrentActor,
    session: Session,
    response: Response,
    if_match: etags.IfMatch = None,
) -> DatasetView:
    """Change a dataset's title, description or name; what is left out stays."""
    await _check(session, actor, name, if_match)
    if order.name is None or order.title is not None or order.description is not None:
        await commands.describe(session, actor, name, order)
    if order.name is not None and order.name != name:
        await commands.rename(session, actor, name, order.name)
    return await _answer(session, actor, order.name or name, response)


@router.delete("", status_code=204)
async def delete_dataset(
    name: Name, actor: CurrentActor, session: Session, if_match: etags.IfMatch = None
) -> None:
    """Take a dataset away; it can be restored for 30 days, and its name is free."""
    await _check(session, actor, name, if_match)
    await commands.delete_dataset(session, actor, name)


@router.post("/restore")
async def restore_dataset(
    name: Name, actor: CurrentActor, session: Session, response: Response
) -> DatasetView:
    """Bring back the dataset that had this name last, with its rows and grants."""
    await commands.restore_dataset(session, actor, name)
    return await _answer(session, actor, name, response)


@router.post("/columns", status_code=201, dependencies=[Once])
async def add_column(
    name: Name, order: NewColumn, actor: CurrentActor, session: Session, response: Response
) -> DatasetView:
    """Add a column, which is empty in the rows that there are."""
    await commands.add_column(session, actor, name, order)
    return await _answer(session, actor, name, response)


@router.patch("/columns/{column}")
async def change_column(
    name: Name,
    column: ColumnName,
    order: ColumnChange,
    actor: CurrentActor,
    session: Session,
    response: Response,
    if_match: etags.IfMatch = None,
) -> ColumnAnswer:
    """Describe, rename or retype a column; a type that loses values needs `losing`."""
    await _check(session, actor, name, if_match)
    if order.dry_run:
        if order.type is None:
            raise refuse("type", "is what a dry run tries")
        losses = await commands.losses(session, actor, name, column, order.type)
        column_now = column
    else:
        losses = await commands.change_column(session, actor, name, column, order)
        column_now = order.name or column
    view = await _answer(session, actor, name, response)
    found = next((shown for shown in view.columns if shown.name == column_now), None)
    if found is None:
        raise ColumnNotFound
    return ColumnAnswer(column=found, lost=losses.lost, examples=losses.examples)


@router.delete("/columns/{column}", status_code=204)
async def drop_column(
    name: Name,
    column: ColumnName,
    actor: CurrentActor,
    session: Session,
    if_match: etags.IfMatch = None,
) -> None:
    """Take a column away; it can be restored with its values for 30 days."""
    await _check(session, actor, name, if_match)
    await commands.drop_column(session, actor, name, column)


@router.post("/columns/{column}/restore")
async def restore_column(
    name: Name, column: ColumnName, actor: CurrentActor, session: Session, response: Response
) -> DatasetView:
    """Bring back the column that had this name last, with its values."""
    await commands.restore_column(session, actor, name, column)
    return await _answer(session, actor, name, response)


async def _check(session: AsyncSession, actor: Actor, name: str, if_match: str | None) -> None:
    if if_match is not None:
        etags.check(if_match, tagged(await shown(session, actor, name)))


async def _answer(
    session: AsyncSession, actor: Actor, name: str, response: Response
) -> DatasetView:
    view = await shown(session, actor, name)
    put_tag(response, view)
    return view
