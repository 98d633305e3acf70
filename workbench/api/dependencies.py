"""What endpoints ask for: the actor, a session of the actor, and what a request says about itself.

The session's dependency has the scope `function`: it commits before the answer leaves, so that a
commit that fails is told.
"""

from collections.abc import AsyncIterator
from typing import Annotated

import structlog
from fastapi import Depends, Query, Request
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.api import parts as house
from workbench.audit import commands as audit
from workbench.db.pages import DEFAULT_LIMIT, MAX_LIMIT
from workbench.db.session import Database
from workbench.errors import Forbidden, NotFound, Unauthenticated, WorkbenchError
from workbench.identity import commands as identity
from workbench.identity.tokens import Claims

MAX_CURSOR = 2000
READING = ("GET", "HEAD")
log = structlog.get_logger(__name__)


def parts(request: Request) -> house.Parts:
    """The parts of the house."""
    return house.of(request)


Parts = Annotated[house.Parts, Depends(parts)]


async def actor(request: Request, parts: Parts) -> Actor:
    """Who asks, with the permissions held now."""
    claims: Claims | None = request.state.claims
    if claims is None:
        raise Unauthenticated
    found = await access.actor_of(parts.database, claims)
    now = parts.clock()
    if parts.sightings.is_due(claims.sid, now):
        async with parts.database.session(found) as opened:
            await identity.note_seen(opened, claims.sid, now)
    return found


CurrentActor = Annotated[Actor, Depends(actor)]


async def session(
    request: Request, parts: Parts, actor: CurrentActor
) -> AsyncIterator[AsyncSession]:
    """A session of the actor as the application; it commits when the endpoint returns.

    A change that came to nothing, since the actor may not or there is no such thing, is noted.
    """
    try:
        async with parts.database.session(actor) as opened:
            yield opened
    except (Forbidden, NotFound) as error:
        await _note_refusal(request, parts.database, actor, error)
        raise


async def _note_refusal(
    request: Request, database: Database, actor: Actor, error: WorkbenchError
) -> None:
    if request.method in READING or actor.tenant_id is None:
        return
    route: APIRoute = request.scope["route"]
    action = f"{route.tags[0]}.{route.name}.refused"
    # The form of the address alone: an id in it may be another tenant's.
    target = f"{request.method} {route.path}"
    try:
        async with database.session(actor) as session:
            audit.record(session, actor, action, target, rows=0, code=error.code)
    except SQLAlchemyError as failure:  # access may have ended meanwhile: the refusal is the answer
        log.warning("refusal_not_noted", reason=type(failure).__name__)


Session = Annotated[AsyncSession, Depends(session, scope="function")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most.")]
Cursor = Annotated[
    str | None, Query(max_length=MAX_CURSOR, description="`next_cursor` of the page before.")
]

__all__ = ["DEFAULT_LIMIT", "CurrentActor", "Cursor", "Limit", "Parts", "Session"]
