"""Orders of a dataset's rows that an index keeps, for pages that are sorted often."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from workbench.api import filters
from workbench.api.dependencies import CurrentActor, Session
from workbench.api.once import Once
from workbench.api.routers.datasets import Name, put_tag, shown
from workbench.api.routes import ActorRoute
from workbench.datasets import commands
from workbench.datasets.schemas import DatasetView, NewOrder

router = APIRouter(
    prefix="/api/v1/datasets/{name}/orders", route_class=ActorRoute, tags=["datasets"]
)

Order = Annotated[
    str, Path(max_length=filters.MAX_SORT, examples=["-delay,carrier"], description="As in `sort`.")
]


@router.post("", status_code=201, dependencies=[Once])
async def add_order(
    name: Name, order: NewOrder, actor: CurrentActor, session: Session, response: Response
) -> DatasetView:
    """Keep an order of the rows, so that each of its pages is read from an index."""
    await commands.add_order(session, actor, name, order.sort)
    view = await shown(session, actor, name)
    put_tag(response, view)
    return view


@router.delete("/{order}", status_code=204)
async def drop_order(name: Name, order: Order, actor: CurrentActor, session: Session) -> None:
    """Give an order up; its pages sort the rows from then on."""
    await commands.drop_order(session, actor, name, filters.sort(order))
