"""Explaining access: what a member can reach, and why, answered by PostgreSQL as that member."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from workbench.access.answers import Access, Explanation
from workbench.access.schemas import Kind
from workbench.api.dependencies import CurrentActor, Parts, Session
from workbench.api.routes import ActorRoute
from workbench.datasets import explain
from workbench.datasets import reach as reaching
from workbench.datasets.column_types import BIGINT
from workbench.errors import Detail, Invalid
from workbench.permissions import Permission

router = APIRouter(prefix="/api/v1/access", route_class=ActorRoute, tags=["access"])

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,99}$")]
Named = Annotated[Name | None, Query()]
Row = Annotated[int | None, Query(ge=1, lt=BIGINT, description="A row's `row_id`.")]


def question(
    permission: Permission | None = None,
    dataset: Named = None,
    dashboard: Named = None,
    notebook: Named = None,
    row: Row = None,
) -> explain.Question:
    """What is asked; without a permission, whether the target can be read."""
    chosen: dict[Kind, str | None] = {
        "dataset": dataset,
        "dashboard": dashboard,
        "notebook": notebook,
    }
    named = [(kind, name) for kind, name in chosen.items() if name is not None]
    if len(named) > 1 or not (named or permission):
        detail = Detail("query", "name one dataset, dashboard or notebook, or a permission")
        raise Invalid(details=[detail])
    kind, name = named[0] if named else (None, None)
    wanted = permission or explain.USUAL[named[0][0]]
    return explain.Question(wanted, kind, name, row)


@router.get("/{member_id}")
async def reach(member_id: UUID, actor: CurrentActor, session: Session, parts: Parts) -> Access:
    """Show all that a member can reach, and where it comes from; rows are only counted."""
    return await reaching.reach(session, actor, member_id, parts.clock())


@router.get("/{member_id}/explain")
async def explanation(
    member_id: UUID,
    asked: Annotated[explain.Question, Depends(question)],
    actor: CurrentActor,
    session: Session,
    parts: Parts,
) -> Explanation:
    """Tell whether a member may do one thing, what decided it, and what PostgreSQL answered."""
    return await explain.explain(session, actor, member_id, asked, parts.clock())
