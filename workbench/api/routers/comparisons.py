"""Runs beside each other: two of them compared, and one figure of many over time."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Parts, Session
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView
from workbench.db import pages
from workbench.notebooks import queries as notebooks
from workbench.runs import budgets, comparing, queries
from workbench.runs.budgets import Course
from workbench.runs.comparing import Comparison
from workbench.runs.schemas import METRIC_NAME, FigureView

router = APIRouter(prefix="/api/v1", route_class=ActorRoute, tags=["runs"])


@router.get("/runs/{run_id}/diff/{other_id}")
async def compare(
    run_id: UUID, other_id: UUID, actor: CurrentActor, session: Session, parts: Parts
) -> Comparison:
    """Tell what differs between a run and another: parameters, metrics, what each cell shows."""
    return await comparing.compare(session, actor, parts.storage, run_id, other_id)


@router.get("/notebooks/{notebook}/metrics")
async def figures(
    notebook: Annotated[str, Path(max_length=100)],
    name: Annotated[str, Query(pattern=METRIC_NAME, description="The metric's name.")],
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> PageView[FigureView]:
    """List what the runs of a notebook measured under a name, the newest first."""
    found = notebooks.notebook(actor, parts.shelf, notebook)
    statement = queries.figures(actor, found.name, name, cursor=cursor, limit=limit)
    rows = (await session.execute(statement)).all()
    page = pages.cut(rows, limit, lambda row: [row.run_id])
    return PageView(
        items=[FigureView.model_validate(row) for row in page.items], next_cursor=page.next_cursor
    )


@router.get("/notebooks/{notebook}/budgets")
async def courses(
    notebook: Annotated[str, Path(max_length=100)],
    actor: CurrentActor,
    session: Session,
    parts: Parts,
) -> PageView[Course]:
    """List each metric of a notebook over its last runs, with its median and last good run."""
    found = notebooks.notebook(actor, parts.shelf, notebook)
    items = await budgets.courses(session, actor, found.name)
    return PageView(items=items, next_cursor=None)
