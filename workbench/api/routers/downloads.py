"""Exports: the rows of a dataset or the answer of a statement as a file, streamed."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from workbench.api import filters
from workbench.api.dependencies import CurrentActor, Parts
from workbench.api.routers.datasets import Name, found
from workbench.api.routers.sql import MAX_SQL, Parameters
from workbench.api.routes import ActorRoute
from workbench.api.shapes import Order
from workbench.datasets import commands
from workbench.datasets.export_formats import Format
from workbench.datasets.schemas import RowsExport
from workbench.datasets.sql import Asked

router = APIRouter(prefix="/api/v1", route_class=ActorRoute)

FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file; it is whole when the answer ends as HTTP says it should",
        "content": {format_.media_type.partition(";")[0]: {} for format_ in Format},
    }
}
FormatChosen = Annotated[Format, Query(alias="format", description="How the rows are written.")]
Bom = Annotated[bool, Query(description="Begin a CSV with the mark by which Excel knows UTF-8.")]


class SqlExport(Order):
    """One SELECT or VALUES over the tenant's datasets, and the file that its answer becomes."""

    sql: str = Field(min_length=1, max_length=MAX_SQL, examples=["select * from flights"])
    parameters: Parameters = Field(default={})
    format: Format = Format.CSV
    bom: bool = False


@router.get(
    "/datasets/{name}/export",
    response_class=StreamingResponse,
    responses=FILES,
    tags=["datasets"],
)
async def export(  # noqa: PLR0913, PLR0917 (each choice is a parameter of the address)
    name: Name,
    actor: CurrentActor,
    parts: Parts,
    format_: FormatChosen = Format.CSV,
    sort: filters.Sorting = None,
    filter_: filters.Filtering = (),
    columns: Annotated[
        str | None, Query(description="Columns, separated by commas; all without it.")
    ] = None,
    bom: Bom = False,  # noqa: FBT002 (as above)
) -> StreamingResponse:
    """Download the rows that match, all of them, as CSV, Parquet or an Arrow stream."""
    wanted = RowsExport(
        filter=filters.conditions(filter_),
        sort=filters.sort(sort),
        columns=filters.names(columns),
    )
    async with parts.database.session(actor) as session:
        dataset = await found(session, actor, name)
    blocks = await commands.export_rows(parts.database, actor, dataset, wanted, format_, bom=bom)
    return _file(blocks, dataset.definition.name, format_, parts.clock())


@router.post("/sql/export", response_class=StreamingResponse, responses=FILES, tags=["sql"])
async def export_sql(order: SqlExport, actor: CurrentActor, parts: Parts) -> StreamingResponse:
    """Download what one statement answers, without the limit that a screen has."""
    asked = Asked(order.sql, order.parameters)
    blocks = await commands.export_sql(parts.database, actor, asked, order.format, bom=order.bom)
    return _file(blocks, "answer", order.format, parts.clock())


def _file(
    blocks: AsyncIterator[bytes], name: str, format_: Format, now: datetime
) -> StreamingResponse:
    disposition = f'attachment; filename="{name}-{now:%Y-%m-%d}.{format_}"'
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return StreamingResponse(blocks, media_type=format_.media_type, headers=headers)
