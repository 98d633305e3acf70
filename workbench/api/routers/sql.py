"""Ad-hoc SQL: one statement, as the reader; its plan, its end before its time, and what one ran."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic_core import to_json

from workbench.api.dependencies import (
    DEFAULT_LIMIT,
    CurrentActor,
    Cursor,
    Limit,
    Parts,
    Session,
)
from workbench.api.leaving import while_there
from workbench.api.routes import ActorRoute
from workbench.api.shapes import Order, PageView, page_view
from workbench.datasets import commands, queries
from workbench.datasets.schemas import StatementView
from workbench.datasets.sql import MAX_ROWS, MAX_TIMEOUT, Asked, SqlResult
from workbench.datasets.sql_models import Statement
from workbench.db import listing
from workbench.db.ids import new_id

router = APIRouter(prefix="/api/v1/sql", route_class=ActorRoute, tags=["sql"])

MAX_SQL = 100_000
MAX_PARAMETERS = 100

Parameters = Annotated[
    dict[str, JsonValue],
    Field(
        max_length=MAX_PARAMETERS,
        description="A value for each `:name`: a scalar or a list, or `{type, value}`.",
        examples=[{"origin": "JFK", "since": {"type": "date", "value": "2013-07-01"}}],
    ),
]
Seconds = Annotated[float, Field(gt=0, le=MAX_TIMEOUT.total_seconds(), allow_inf_nan=False)]
Id = Annotated[
    UUID | None,
    Field(description="An id of the caller's own making, by which the statement is cancelled."),
]


class Running(Order):
    """How long a statement may run, how much it may answer, and how it is called meanwhile."""

    parameters: Parameters = Field(default={})
    limit: int = Field(default=1000, ge=1, le=MAX_ROWS)
    timeout: Seconds = commands.TIMEOUT.total_seconds()
    id: Id = None


class SqlOrder(Running):
    """One SELECT, VALUES or EXPLAIN over the tenant's datasets, and how many rows at most."""

    sql: str = Field(
        min_length=1,
        max_length=MAX_SQL,
        examples=["select dest, count(*) from flights where origin = :origin group by dest"],
    )


class SqlExplanation(Order):
    """One SELECT or VALUES whose plan is asked for; `analyze` runs it to measure."""

    sql: str = Field(min_length=1, max_length=MAX_SQL, examples=["select * from flights"])
    parameters: Parameters = Field(default={})
    analyze: bool = False
    timeout: Seconds = commands.TIMEOUT.total_seconds()
    id: Id = None


class SqlView(BaseModel):
    """What a statement answered; `truncated` tells that there is more."""

    id: UUID
    columns: list[str]
    rows: list[list[Any]]
    truncated: bool
    elapsed_ms: float


class NodeView(BaseModel):
    """A step of a plan and those below it; what was not measured is null."""

    model_config = ConfigDict(from_attributes=True)

    node: str
    dataset: str | None
    join: str | None
    rows_estimated: int
    rows: float | None
    loops: int | None
    time_ms: float | None
    blocks_hit: int | None
    blocks_read: int | None
    below: list["NodeView"]


class PlanView(BaseModel):
    """The plan of a statement as a tree."""

    model_config = ConfigDict(from_attributes=True)

    plan: NodeView
    planning_ms: float | None
    execution_ms: float | None
    elapsed_ms: float


@router.post("", response_model=SqlView)
async def run(order: SqlOrder, actor: CurrentActor, parts: Parts, request: Request) -> Response:
    """Run one statement over the datasets of the tenant; it changes nothing."""
    asked = Asked(
        order.sql,
        order.parameters,
        order.limit,
        timedelta(seconds=order.timeout),
        order.id or new_id(),
    )
    work = commands.run_sql(parts.database, actor, asked)
    return answered(await while_there(request, work))


@router.post("/explain")
async def explain(
    order: SqlExplanation, actor: CurrentActor, parts: Parts, request: Request
) -> PlanView:
    """Show how PostgreSQL would run one statement, or did."""
    asked = Asked(
        order.sql,
        order.parameters,
        timeout=timedelta(seconds=order.timeout),
        id=order.id or new_id(),
    )
    work = commands.explain_sql(parts.database, actor, asked, analyze=order.analyze)
    return PlanView.model_validate(await while_there(request, work))


@router.get("/history")
async def history(
    actor: CurrentActor,
    session: Session,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> PageView[StatementView]:
    """List what the caller ran and runs, the newest first."""
    page = await listing.page(
        session,
        queries.statements(actor),
        [Statement.started_at, Statement.id],
        cursor=cursor,
        limit=limit,
        newest_first=True,
    )
    return page_view(page, StatementView.model_validate)


@router.post("/{statement_id}/cancel")
async def cancel(statement_id: UUID, actor: CurrentActor, parts: Parts) -> StatementView:
    """End a statement of the caller's own, whichever server runs it, and show how it ended."""
    found = await commands.cancel_sql(parts.database, actor, statement_id)
    return StatementView.model_validate(found)


def answered(result: SqlResult) -> Response:
    """The answer of a statement: rows leave as they came."""
    content = {
        "id": str(result.id),
        "columns": result.columns,
        "rows": result.rows,
        "truncated": result.truncated,
        "elapsed_ms": result.elapsed_ms,
    }
    return Response(to_json(content, inf_nan_mode="null"), media_type="application/json")
