"""Acting as a member inside a transaction of a task, with the rights that he holds now."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import tell
from workbench.errors import Forbidden
from workbench.identity.tokens import Claims
from workbench.permissions import Permission

# PostgreSQL compares it with its own clock.
UNTIL = text("select clock_timestamp() + interval '1 minute'")


class NoMember(Forbidden):
    """This person may no longer act in this tenant."""

    code = "no_longer_member"


@asynccontextmanager
async def as_member(session: AsyncSession, task: Actor, user_id: UUID) -> AsyncIterator[Actor]:
    """Be a member inside the block, for PostgreSQL too; raise NoMember for who is none.

    What fails inside is undone, and PostgreSQL hears the task again however the block ends. Inside
    no savepoint is begun: it would have PostgreSQL hear the task.
    """
    task.require(Permission.MEMBER_READ)
    claims = Claims(new_id(), user_id, task.require_tenant())
    async with session.begin_nested():
        member = await queries.admit(session, claims, await session.scalar(UNTIL))
        if member is None:
            raise NoMember
        await tell(session, member)
        yield member
        await session.flush()
        await tell(session, task)
        await queries.revoke(session, claims.sid)
