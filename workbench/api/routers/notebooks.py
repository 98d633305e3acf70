"""Notebooks: which there are, and the parameters that each takes."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel

from workbench.api.dependencies import CurrentActor, Parts
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView
from workbench.notebooks import queries
from workbench.notebooks.contract import Notebook

router = APIRouter(prefix="/api/v1/notebooks", route_class=ActorRoute, tags=["notebooks"])


class NotebookView(BaseModel):
    """A notebook; `parameters` is a JSON Schema."""

    name: str
    title: str
    description: str
    permissions: list[str]
    sandbox: bool
    parameters: dict[str, Any]


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
        description=notebook.description,
        permissions=sorted(notebook.permissions),
        sandbox=notebook.sandbox,
        parameters=notebook.schema(),
    )
