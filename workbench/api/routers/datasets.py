"""Datasets: the catalogue, and questions to the rows."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import JsonValue
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.api import etags
from workbench.api.dependencies import (
    CurrentActor,
    Parts,
    Session,
)
from workbench.api.once import Once
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView
from workbench.datasets import commands, queries
from workbench.datasets.errors import DatasetNotFound
from workbench.datasets.models import Dataset
from workbench.datasets.schemas import Aggregation, DatasetView, NewDataset

router = APIRouter(prefix="/api/v1/datasets", route_class=ActorRoute, tags=["datasets"])

Name = Annotated[str, Path(max_length=100, examples=["flights"])]
RowsView = PageView[dict[str, JsonValue]]


@router.get("")
async def datasets(actor: CurrentActor, session: Session) -> PageView[DatasetView]:
    """List the datasets of the tenant by name; for the operator, what is shared with all."""
    if actor.tenant_id is None:
        definitions = await session.scalars(queries.definitions(actor))
        items = [DatasetView.of_definition(definition) for definition in definitions]
    else:
        items = [DatasetView.of(found) for found in await session.scalars(queries.datasets(actor))]
    return PageView(items=items, next_cursor=None)


@router.post("", status_code=201, dependencies=[Once])
async def define(
    order: NewDataset, actor: CurrentActor, session: Session, response: Response
) -> DatasetView:
    """Define a private dataset; the operator's is one that every tenant shares."""
    if actor.tenant_id is None:
        view = DatasetView.of_definition(await commands.define(session, actor, order))
    else:
        view = DatasetView.of(await commands.define_private(session, actor, order))
    response.headers["Location"] = f"{router.prefix}/{view.name}"
    return view


@router.get("/{name}")
async def dataset(
    name: Name, actor: CurrentActor, session: Session, response: Response
) -> DatasetView:
    """Show one dataset with its columns; the `ETag` is that of its definition, not of its rows."""
    view = await shown(session, actor, name)
    put_tag(response, view)
    return view


@router.post("/{name}/query", response_model=RowsView)
async def query(
    name: Name, order: Aggregation, actor: CurrentActor, session: Session, parts: Parts
) -> Response:
    """Group, measure, filter and sort rows; `X-Cache` tells whether the answer was kept."""
    dataset = await found(session, actor, name)
    answer = await parts.answers.answer(session, actor, dataset, order, is_fresh=True)
    commands.note_read(session, actor, "row.aggregate", dataset, order, len(answer.rows))
    response = _json(answer.rows, None)
    response.headers["X-Cache"] = "hit" if answer.is_kept else "miss"
    return response


async def shown(session: AsyncSession, actor: Actor, name: str) -> DatasetView:
    """A dataset as it is now, for the operator a shared one; raise DatasetNotFound."""
    anew = {"populate_existing": True}  # what this request has changed was changed by PostgreSQL
    if actor.tenant_id is not None:
        statement = queries.dataset(actor, name).execution_options(**anew)
        found = await session.scalar(statement)
        if found is None:
            raise DatasetNotFound
        return DatasetView.of(found)
    definition = await session.scalar(queries.definition(actor, name).execution_options(**anew))
    if definition is None:
        raise DatasetNotFound
    return DatasetView.of_definition(definition)


def tagged(view: DatasetView) -> DatasetView:
    """What of a dataset its ETag names: all but the state of its rows."""
    return view.model_copy(update={"version": None, "changed_at": None})


def put_tag(response: Response, view: DatasetView) -> None:
    """Send the ETag of a dataset's definition along."""
    etags.put(response, tagged(view))


async def found(session: AsyncSession, actor: Actor, name: str) -> Dataset:
    """The dataset of a name; raise DatasetNotFound when the tenant has none."""
    dataset = await session.scalar(queries.dataset(actor, name))
    if dataset is None:
        raise DatasetNotFound
    return dataset


def _json(items: Sequence[Any], next_cursor: str | None) -> Response:
    # Rows leave as they came: checking each once more would cost more than reading it.
    content = {"items": [dict(item) for item in items], "next_cursor": next_cursor}
    return Response(to_json(content, inf_nan_mode="null"), media_type="application/json")
