"""Ad-hoc SQL: one statement, as the reader."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from workbench.api.dependencies import CurrentActor, Parts
from workbench.api.routes import ActorRoute
from workbench.api.shapes import Order
from workbench.datasets import commands

router = APIRouter(prefix="/api/v1/sql", route_class=ActorRoute, tags=["sql"])

MAX_SQL = 100_000
MAX_ROWS = 10_000


class SqlOrder(Order):
    """One SELECT, VALUES or EXPLAIN over the tenant's datasets, and how many rows at most."""

    sql: str = Field(
        min_length=1,
        max_length=MAX_SQL,
        examples=["select origin, count(*) from flights group by origin"],
    )
    limit: int = Field(default=1000, ge=1, le=MAX_ROWS)


class SqlView(BaseModel):
    """What a statement answered; `truncated` tells that there is more."""

    columns: list[str]
    rows: list[list[Any]]
    truncated: bool
    elapsed_ms: float


@router.post("", response_model=SqlView)
async def run(order: SqlOrder, actor: CurrentActor, parts: Parts) -> Response:
    """Run one statement over the datasets of the tenant; it changes nothing."""
    result = await commands.run_sql(parts.database, actor, order.sql, limit=order.limit)
    content = {
        "columns": result.columns,
        "rows": result.rows,
        "truncated": result.truncated,
        "elapsed_ms": result.elapsed_ms,
    }
    return Response(to_json(content, inf_nan_mode="null"), media_type="application/json")
