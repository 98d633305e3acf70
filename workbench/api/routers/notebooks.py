"""Notebooks: which there are, and the parameters that each takes."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from workbench.api.dependencies import CurrentActor, Parts
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView
from workbench.notebooks import queries
from workbench.notebooks.contract import Notebook, Queue
from workbench.notebooks.terms import Budget

router = APIRouter(prefix="/api/v1/notebooks", route_class=ActorRoute, tags=["notebooks"])


class Limits(BaseModel):
    """What a run may take; where memory or output is null, what the worker allows."""

    model_config = ConfigDict(from_attributes=True)

    limit_seconds: int
    cell_limit_seconds: int
    memory_limit: int | None
    output_limit: int | None


class NotebookView(BaseModel):
    """A notebook's contract; `parameters` is a JSON Schema, limits are seconds and bytes."""

    name: str
    title: str
    question: str
    description: str
    permissions: list[str]
    sandbox: bool
    parameters: dict[str, Any]
    limits: Limits
    budgets: dict[str, Budget]
    secrets: dict[str, str]
    queue: Queue
    priority: int
    retries: int


@router.get("")
async def notebooks(actor: CurrentActor, parts: Parts) -> PageView[NotebookView]:
    """List the notebooks, by title."""
    found = queries.notebooks(actor, parts.shelf)
    return PageView(items=[_view(notebook) for notebook in found], next_cursor=None)


@router.get("/{name}")
async def notebook(
    name: Annotated[str, Path(max_length=100)], actor: CurrentActor, parts: Parts
) -> NotebookView:
    """Show one notebook."""
    return _view(queries.notebook(actor, parts.shelf, name))


def _view(notebook: Notebook) -> NotebookView:
    return NotebookView(
        name=notebook.name,
        title=notebook.title,
        question=notebook.question,
        description=notebook.description,
        permissions=sorted(notebook.permissions),
        sandbox=notebook.sandbox,
        parameters=notebook.schema(),
        limits=Limits.model_validate(notebook),
        budgets=notebook.budgets,
        secrets=notebook.secrets,
        queue=notebook.queue,
        priority=notebook.priority,
        retries=notebook.retries,
    )
