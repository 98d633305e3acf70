"""Datasets: the catalogue, and questions to the rows."""

from collections.abc import Sequence
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Path, Query, Request, Response
from psycopg_pool import PoolTimeout
from pydantic import JsonValue, ValidationError
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.api import filters
from workbench.api import parts as house
from workbench.api.dependencies import (
    DEFAULT_LIMIT,
    CurrentActor,
    Limit,
    Parts,
    Session,
)
from workbench.api.once import Once
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView
from workbench.datasets import commands, queries
from workbench.datasets.errors import DatasetNotFound
from workbench.datasets.models import Dataset
from workbench.datasets.schemas import Aggregation, DatasetView, NewDataset, RowsQuery
from workbench.db.pages import Page
from workbench.errors import WorkbenchError
from workbench.identity.tokens import Claims

router = APIRouter(prefix="/api/v1/datasets", route_class=ActorRoute, tags=["datasets"])

Name = Annotated[str, Path(max_length=100, examples=["flights"])]
QUICK = {"limit", "cursor", "sort", "filter"}
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
    """Define a dataset that every tenant shares, each with rows of its own; for the operator."""
    definition = await commands.define(session, actor, order)
    response.headers["Location"] = f"{router.prefix}/{definition.name}"
    return DatasetView.of_definition(definition)


@router.get("/{name}")
async def dataset(name: Name, actor: CurrentActor, session: Session) -> DatasetView:
    """Show one dataset with its columns."""
    return DatasetView.of(await found(session, actor, name))


@router.get("/{name}/rows", response_model=RowsView)
async def rows(
    name: Name,
    request: Request,
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=100_000)] = None,
    sort: filters.Sorting = None,
    filter_: filters.Filtering = (),
) -> Response:
    """Read rows page by page; the order always ends with `row_id`, so no row is lost or doubled."""
    query = RowsQuery(
        filter=filters.conditions(filter_), sort=filters.sort(sort), cursor=cursor, limit=limit
    )
    dataset = await found(session, actor, name)
    page = await commands.read_page(session, actor, dataset, query)
    parts.express.learn(parts.database, request.state.claims, actor, dataset)
    return _page(page)


async def quick_rows(request: Request) -> Response | None:
    """The answer of `rows` in one round trip; None where the ordinary way has to give it."""
    parts, given = house.of(request), request.query_params
    limit = given.get("limit", str(DEFAULT_LIMIT))
    claims: Claims = request.state.claims
    if not limit.isascii() or not limit.isdigit() or not QUICK >= given.keys():
        return None
    if not parts.sightings.is_noted(claims.sid, parts.clock()):
        return None
    try:
        query = RowsQuery(
            filter=filters.conditions(given.getlist("filter")),
            sort=filters.sort(given.get("sort")),
            cursor=given.get("cursor"),
            limit=int(limit),
        )
        name = request.path_params["name"]
        page = await parts.express.page(parts.database, claims, name, query)
    except (WorkbenchError, ValidationError, psycopg.Error, PoolTimeout):
        return None
    return None if page is None else _page(page)


rows.quick = quick_rows


@router.post("/{name}/query", response_model=RowsView)
async def query(
    name: Name, order: Aggregation, actor: CurrentActor, session: Session, parts: Parts
) -> Response:
    """Group, measure, filter and sort rows; `X-Cache` tells whether the answer was kept."""
    dataset = await found(session, actor, name)
    answer = await parts.answers.answer(session, actor, dataset, order)
    commands.note_read(session, actor, "row.aggregate", dataset, order, len(answer.rows))
    response = _json(answer.rows, None)
    response.headers["X-Cache"] = "hit" if answer.is_kept else "miss"
    return response


async def found(session: AsyncSession, actor: Actor, name: str) -> Dataset:
    """The dataset of a name; raise DatasetNotFound when the tenant has none."""
    dataset = await session.scalar(queries.dataset(actor, name))
    if dataset is None:
        raise DatasetNotFound
    return dataset


def _page(page: Page[bytes]) -> Response:
    """Rows as PostgreSQL wrote them, joined to one document."""
    cursor = to_json(page.next_cursor)
    content = b'{"items":[' + b",".join(page.items) + b'],"next_cursor":' + cursor + b"}"
    return Response(content, media_type="application/json")


def _json(items: Sequence[Any], next_cursor: str | None) -> Response:
    # Rows leave as they came: checking each once more would cost more than reading it.
    content = {"items": [dict(item) for item in items], "next_cursor": next_cursor}
    return Response(to_json(content, inf_nan_mode="null"), media_type="application/json")
