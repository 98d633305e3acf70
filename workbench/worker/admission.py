"""Work on behalf of a user: admitted with the rights held now, and revoked when it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.identity.tokens import Claims
from workbench.worker.parts import now


class NoLongerMember(Forbidden):
    """Who asked for this may no longer act in this tenant."""

    code = "no_longer_member"


@asynccontextmanager
async def admitted(
    database: Database, keeper: Actor, sid: UUID, user_id: UUID, lifetime: timedelta
) -> AsyncIterator[Actor]:
    """The user as an actor who acts through the attempt or import `sid`; raise NoLongerMember."""
    claims = Claims(sid, user_id, keeper.require_tenant())
    async with database.session(keeper) as session:
        actor = await access.admit(session, claims, now() + lifetime)
    if actor is None:
        raise NoLongerMember
    try:
        yield actor
    finally:
        async with database.session(keeper) as session:
            await access.revoke(session, sid)
        await database.cancel_statements(sid)
