"""Saved queries: statements kept under a name, which everybody runs with rights of his own."""

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.api import etags
from workbench.api.dependencies import (
    DEFAULT_LIMIT,
    CurrentActor,
    Cursor,
    Limit,
    Parts,
    Session,
)
from workbench.api.leaving import while_there
from workbench.api.once import Once
from workbench.api.routers.sql import Running, SqlView, answered
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView, page_view
from workbench.datasets import commands, queries
from workbench.datasets.schemas import NewSavedQuery, SavedQueryChange, SavedQueryView
from workbench.datasets.sql_errors import SavedQueryNotFound
from workbench.datasets.sql_models import SavedQuery
from workbench.db import listing

router = APIRouter(prefix="/api/v1/sql/saved", route_class=ActorRoute, tags=["saved queries"])


@router.get("")
async def list_(
    actor: CurrentActor, session: Session, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> PageView[SavedQueryView]:
    """List the caller's own saved queries and those that are shared, by name."""
    keys = [SavedQuery.name, SavedQuery.id]
    statement = queries.saved_queries(actor)
    page = await listing.page(session, statement, keys, cursor=cursor, limit=limit)
    return page_view(page, SavedQueryView.model_validate)


@router.post("", status_code=201, dependencies=[Once])
async def save(
    order: NewSavedQuery, actor: CurrentActor, session: Session, response: Response
) -> SavedQueryView:
    """Keep a statement under a name."""
    made = await commands.save_query(session, actor, order)
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return _shown(made, response)


@router.get("/{saved_query_id}")
async def query(
    saved_query_id: UUID, actor: CurrentActor, session: Session, response: Response
) -> SavedQueryView:
    """Show one saved query."""
    return _shown(await _found(session, actor, saved_query_id), response)


@router.patch("/{saved_query_id}")
async def change(
    saved_query_id: UUID,
    change: SavedQueryChange,
    actor: CurrentActor,
    session: Session,
    response: Response,
    parts: Parts,
    if_match: etags.IfMatch = None,
) -> SavedQueryView:
    """Change a saved query of the caller's own."""
    found = await _found(session, actor, saved_query_id, if_match)
    await commands.change_query(session, actor, found, change, parts.clock())
    return _shown(found, response)


@router.delete("/{saved_query_id}", status_code=204)
async def delete(
    saved_query_id: UUID, actor: CurrentActor, session: Session, if_match: etags.IfMatch = None
) -> None:
    """Delete a saved query of the caller's own; it can be restored."""
    found = await _found(session, actor, saved_query_id, if_match)
    await commands.delete_query(session, actor, found)


@router.post("/{saved_query_id}/restore")
async def restore(
    saved_query_id: UUID, actor: CurrentActor, session: Session, response: Response
) -> SavedQueryView:
    """Bring a deleted query of the caller's own back."""
    await commands.restore_query(session, actor, saved_query_id)
    return _shown(await _found(session, actor, saved_query_id), response)


@router.post("/{saved_query_id}/run", response_model=SqlView)
async def run(
    saved_query_id: UUID, order: Running, actor: CurrentActor, parts: Parts, request: Request
) -> Response:
    """Run a saved query; the answer is what the caller may see, whoever made it."""
    work = commands.run_query(
        parts.database,
        actor,
        saved_query_id,
        values=order.parameters,
        limit=order.limit,
        timeout=timedelta(seconds=order.timeout),
        statement_id=order.id,
    )
    return answered(await while_there(request, work))


async def _found(
    session: AsyncSession, actor: Actor, saved_query_id: UUID, if_match: str | None = None
) -> SavedQuery:
    statement = queries.saved_query(actor, saved_query_id)
    if if_match is not None:
        statement = statement.with_for_update()
    found = await session.scalar(statement)
    if found is None:
        raise SavedQueryNotFound
    etags.check(if_match, SavedQueryView.model_validate(found))
    return found


def _shown(found: SavedQuery, response: Response) -> SavedQueryView:
    view = SavedQueryView.model_validate(found)
    etags.put(response, view)
    return view
