"""Single rows of a dataset, and changes: of one row, or of all that match a filter."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, RootModel
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.api import etags
from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Session
from workbench.api.once import Once
from workbench.api.routers.datasets import Name, found
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView
from workbench.datasets import commands, queries
from workbench.datasets.column_types import BIGINT
from workbench.datasets.errors import RowNotFound
from workbench.datasets.models import Dataset
from workbench.datasets.schemas import (
    AllOf,
    Condition,
    DeletedRow,
    Deletion,
    NewRows,
    Restoration,
    RowChange,
)
from workbench.datasets.tables import ROW_ID

router = APIRouter(prefix="/api/v1/datasets/{name}/rows", route_class=ActorRoute, tags=["datasets"])

RowId = Annotated[int, Path(ge=1, lt=BIGINT)]


class RowView(RootModel[dict[str, Any]]):
    """A row: its `row_id` and a value for each column."""


class AddedRows(BaseModel):
    """The ids of rows that were added, in their order."""

    row_ids: list[int]


class DeletedRows(BaseModel):
    """How many rows match, and the name of their deletion; a dry run deletes none and has none."""

    deletion: UUID | None
    rows: int


class RestoredRows(BaseModel):
    """How many rows are back."""

    rows: int


@router.post("", status_code=201, dependencies=[Once])
async def add(name: Name, order: NewRows, actor: CurrentActor, session: Session) -> AddedRows:
    """Add rows, all of them or none."""
    return AddedRows(row_ids=await commands.add_rows(session, actor, name, order.rows))


@router.post("/delete", dependencies=[Once])
async def delete_matching(
    name: Name, order: Deletion, actor: CurrentActor, session: Session
) -> DeletedRows:
    """Delete all rows that match; the deletion can be taken back as a whole."""
    if order.dry_run:
        dataset = await found(session, actor, name)
        count = await session.scalar(queries.count(actor, dataset, order.filter)) or 0
        commands.note_read(session, actor, "row.count", dataset, order, count)
        return DeletedRows(deletion=None, rows=count)
    deletion, count = await commands.delete_rows(
        session, actor, name, order.filter, expected=order.expected
    )
    return DeletedRows(deletion=deletion, rows=count)


@router.post("/restore")
async def restore_matching(
    name: Name, order: Restoration, actor: CurrentActor, session: Session
) -> RestoredRows:
    """Take a deletion back: its rows are live again."""
    rows = await commands.restore_rows(session, actor, name, order.deletion)
    return RestoredRows(rows=rows)


@router.get("/deleted")
async def deleted(
    name: Name,
    actor: CurrentActor,
    session: Session,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> PageView[DeletedRow]:
    """List deleted rows, the newest first, for who may restore them."""
    dataset = await found(session, actor, name)
    page = await commands.read_deleted(session, actor, dataset, cursor=cursor, limit=limit)
    return PageView(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{row_id}")
async def row(
    name: Name, row_id: RowId, actor: CurrentActor, session: Session, response: Response
) -> RowView:
    """Show one row."""
    dataset = await found(session, actor, name)
    view = _view(await _row(session, actor, dataset, row_id))
    question = AllOf(all=[Condition(column=ROW_ID, op="eq", value=row_id)])
    commands.note_read(session, actor, "row.read", dataset, question, 1)
    etags.put(response, view)
    return view


@router.patch("/{row_id}")
async def change(
    name: Name,
    row_id: RowId,
    order: RowChange,
    actor: CurrentActor,
    session: Session,
    response: Response,
    if_match: etags.IfMatch = None,
) -> RowView:
    """Give a row new values; a column not named keeps its own."""
    dataset = await found(session, actor, name)
    seen = await _row(session, actor, dataset, row_id)
    etags.check(if_match, _view(seen))
    was = seen if if_match else None
    await commands.change_row(session, actor, name, row_id, order.values, was=was)
    view = _view(await _row(session, actor, dataset, row_id))
    etags.put(response, view)
    return view


@router.delete("/{row_id}", status_code=204)
async def delete(
    name: Name,
    row_id: RowId,
    actor: CurrentActor,
    session: Session,
    if_match: etags.IfMatch = None,
) -> None:
    """Delete a row; it can be restored."""
    was = None
    if if_match:
        was = await _row(session, actor, await found(session, actor, name), row_id)
        etags.check(if_match, _view(was))
    await commands.delete_row(session, actor, name, row_id, was=was)


@router.post("/{row_id}/restore", status_code=204)
async def restore(name: Name, row_id: RowId, actor: CurrentActor, session: Session) -> None:
    """Bring a deleted row back."""
    await commands.restore_row(session, actor, name, row_id)


async def _row(session: AsyncSession, actor: Actor, dataset: Dataset, row_id: int) -> RowMapping:
    result = await session.execute(queries.row(actor, dataset, row_id))
    seen: RowMapping | None = result.mappings().first()
    if seen is None:
        raise RowNotFound
    return seen


def _view(row: RowMapping) -> RowView:
    return RowView(dict(row))
