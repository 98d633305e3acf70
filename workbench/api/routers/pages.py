"""Pages of rows, which are asked for most often: in one round trip wherever that can be."""

from collections.abc import Sequence
from typing import Annotated

import psycopg
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic_core import to_json

from workbench.api import filters
from workbench.api import parts as house
from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Limit, Parts, Session
from workbench.api.routers.datasets import Name, RowsView, found
from workbench.api.routes import ActorRoute
from workbench.datasets import commands
from workbench.datasets.schemas import RowsQuery
from workbench.db.pages import Page
from workbench.errors import WorkbenchError

PARAMETERS = frozenset({"limit", "cursor", "sort", "filter"})


def question(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=100_000)] = None,
    sort: filters.Sorting = None,
    filter_: filters.Filtering = (),
) -> RowsQuery:
    """The question that an address asks."""
    return RowsQuery(
        filter=filters.conditions(filter_), sort=filters.sort(sort), cursor=cursor, limit=limit
    )


class PageRoute(ActorRoute):
    """A route that answers from what this process knows, while PostgreSQL says that it is true.

    Who asks is proved and counted as everywhere. Whatever is unusual, wrong or unknown takes the
    ordinary way through the endpoint, which says what is wrong.
    """

    async def quick(self, request: Request) -> Response | None:
        """A page in one round trip, or None."""
        parts, claims, given = house.of(request), request.state.claims, request.query_params
        limit = given.get("limit", str(DEFAULT_LIMIT))
        is_usual = given.keys() <= PARAMETERS and limit.isascii() and limit.isdigit()
        is_usual = is_usual and len(given.get("sort", "")) <= filters.MAX_SORT
        if not is_usual or not parts.sightings.is_noted(claims.sid, parts.clock()):
            return None
        texts: Sequence[str] = given.getlist("filter")
        try:
            query = question(int(limit), given.get("cursor"), given.get("sort"), texts)
            name: str = request.path_params["name"]
            page = await parts.express.page(parts.database, claims, name, query)
        except (WorkbenchError, ValueError, psycopg.Error):
            return None
        return None if page is None else _written(page)


router = APIRouter(prefix="/api/v1/datasets", route_class=PageRoute, tags=["datasets"])


@router.get("/{name}/rows", response_model=RowsView)
async def rows(
    name: Name,
    query: Annotated[RowsQuery, Depends(question)],
    request: Request,
    actor: CurrentActor,
    session: Session,
    parts: Parts,
) -> Response:
    """Read rows page by page; the order always ends with `row_id`, so no row is lost or doubled."""
    dataset = await found(session, actor, name)
    page = await commands.read_page(session, actor, dataset, query, parts.searches)
    parts.express.learn(parts.database, request.state.claims, actor, dataset)
    return _written(page)


def _written(page: Page[bytes]) -> Response:
    """Rows as PostgreSQL wrote them, joined to one document."""
    cursor = to_json(page.next_cursor)
    content = b'{"items":[' + b",".join(page.items) + b'],"next_cursor":' + cursor + b"}"
    return Response(content, media_type="application/json")
