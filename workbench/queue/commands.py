"""Putting work into the queue, in the transaction that makes the work."""

import json
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

ENQUEUE = text("select workbench.enqueue(:task, :queue, :exclusive, cast(:ids as jsonb))")


async def enqueue(
    session: AsyncSession, task: str, *, queue: str, exclusive: str | None = None, **ids: UUID
) -> None:
    """Have a worker do the task once this transaction commits.

    Of tasks with the same `exclusive` name one runs at a time.
    """
    arguments = json.dumps({name: str(value) for name, value in ids.items()})
    values = {"task": task, "queue": queue, "exclusive": exclusive, "ids": arguments}
    await session.execute(ENQUEUE, values)
