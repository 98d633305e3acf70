"""Declared joins between datasets: questions name their columns as `relation.column`."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from workbench.api.dependencies import CurrentActor, Session
from workbench.api.once import Once
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView
from workbench.datasets import commands, queries
from workbench.datasets.schemas import NewRelation, RelationView

router = APIRouter(
    prefix="/api/v1/datasets/{name}/relations", route_class=ActorRoute, tags=["relations"]
)

Name = Annotated[str, Path(max_length=100, examples=["flights"])]
RelationName = Annotated[str, Path(max_length=100, examples=["dest"])]


@router.get("")
async def list_(name: Name, actor: CurrentActor, session: Session) -> PageView[RelationView]:
    """List the datasets that this one can be joined with."""
    found = await session.scalars(queries.relations(actor, name))
    items = [
        RelationView(
            name=relation.name,
            columns=relation.columns,
            target=relation.target.name,
            target_columns=relation.target_columns,
        )
        for relation in found
    ]
    return PageView(items=items, next_cursor=None)


@router.post("", status_code=201, dependencies=[Once])
async def declare(
    name: Name, order: NewRelation, actor: CurrentActor, session: Session, response: Response
) -> RelationView:
    """Declare a join: of a private dataset for the tenant, of a shared one by the operator."""
    made = await commands.declare(session, actor, name, order)
    response.headers["Location"] = f"/api/v1/datasets/{name}/relations/{made.name}"
    return RelationView(**order.model_dump())


@router.delete("/{relation}", status_code=204)
async def undeclare(
    name: Name, relation: RelationName, actor: CurrentActor, session: Session
) -> None:
    """Delete a declared join; that of a shared dataset is the operator's."""
    await commands.undeclare(session, actor, name, relation)
