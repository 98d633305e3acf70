"""Putting work into the queue, in the transaction that makes the work."""

import json
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

ENQUEUE = text("select workbench.enqueue(:task, :queue, :exclusive, cast(:ids as jsonb))")
BID = text("select workbench.enqueue_run(:queue, :due_at)")


async def enqueue(
    session: AsyncSession, task: str, *, queue: str, exclusive: str | None = None, **ids: UUID
) -> None:
    """Have a worker do the task once this transaction commits.

    Of tasks with the same `exclusive` name one runs at a time.
    """
    arguments = json.dumps({name: str(value) for name, value in ids.items()})
    values = {"task": task, "queue": queue, "exclusive": exclusive, "ids": arguments}
    await session.execute(ENQUEUE, values)


async def bid(session: AsyncSession, queue: str, due_at: datetime) -> None:
    """Bid a worker to look whose turn it is in a queue of runs, from a moment on."""
    await session.execute(BID, {"queue": queue, "due_at": due_at})
