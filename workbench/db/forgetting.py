"""Forgetting: rows that served their time go for good, the oldest first, some at a time."""

from typing import Any, cast

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

BATCH = 1000


async def forget(session: AsyncSession, model: type[Any], *where: Any, most: int = BATCH) -> int:
    """Remove so many of the rows that match; answer how many went.

    Ids are made in the order of time, so the oldest are found without a look at all others.
    """
    oldest = select(model.id).where(*where).order_by(model.id).limit(most)
    statement = delete(model).where(*where, model.id.in_(oldest))
    gone = await session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", gone).rowcount
