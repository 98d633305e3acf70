"""Single rows of a dataset: adding, deleting and restoring them."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from workbench.api.dependencies import CurrentActor, Session
from workbench.api.once import Once
from workbench.api.routers.datasets import Name
from workbench.api.routes import ActorRoute
from workbench.datasets import commands
from workbench.datasets.schemas import NewRows

router = APIRouter(prefix="/api/v1/datasets/{name}/rows", route_class=ActorRoute, tags=["datasets"])

RowId = Annotated[int, Path(ge=1)]


class AddedRows(BaseModel):
    """The ids of rows that were added, in their order."""

    row_ids: list[int]


@router.post("", status_code=201, dependencies=[Once])
async def add(name: Name, order: NewRows, actor: CurrentActor, session: Session) -> AddedRows:
    """Add rows, all of them or none."""
    return AddedRows(row_ids=await commands.add_rows(session, actor, name, order.rows))


@router.delete("/{row_id}", status_code=204)
async def delete(name: Name, row_id: RowId, actor: CurrentActor, session: Session) -> None:
    """Delete a row; it can be restored until it is purged."""
    await commands.delete_row(session, actor, name, row_id)


@router.post("/{row_id}/restore", status_code=204)
async def restore(name: Name, row_id: RowId, actor: CurrentActor, session: Session) -> None:
    """Bring a deleted row back."""
    await commands.restore_row(session, actor, name, row_id)
