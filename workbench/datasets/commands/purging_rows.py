"""Removing rows for good, some time after they were deleted."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, any_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import tables
from workbench.datasets.commands.reading import target
from workbench.datasets.models import Dataset
from workbench.permissions import Permission

PURGER = (Permission.DATASET_READ, Permission.ROW_READ, Permission.ROW_WRITE)
BATCH = 2000


async def purge_rows(
    session: AsyncSession, actor: Actor, dataset: Dataset, *, before: datetime, most: int = BATCH
) -> int:
    """Remove a batch of rows that were deleted before a time, for good; answer how many went.

    Rows that somebody restores at the same moment are left out, and nobody waits for the others.
    """
    actor.require(Permission.ROW_WRITE, str(dataset.definition_id))
    rows = tables.rows(dataset.definition)
    is_due = (rows.c.tenant_id == actor.require_tenant(), rows.c.deleted_at < before)
    # A CTE that locks is executed once; a subquery might be, and limited, once for each row.
    batch = (
        select(rows.c[tables.ROW_ID])
        .where(*is_due)
        .order_by(rows.c.deleted_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("batch")
    )
    # As an array, so that each is found by the key: joined, all rows might be read for each batch.
    ids = func.array(select(batch.c[tables.ROW_ID]).scalar_subquery())
    chosen = rows.c[tables.ROW_ID] == any_(ids)
    # Asked again of each row itself, so that a live one never goes, whatever happens meanwhile.
    statement = delete(rows).where(*is_due, chosen)
    count = cast("CursorResult[Any]", await session.execute(statement)).rowcount
    if count:
        limit = before.isoformat()
        audit.record(session, actor, "row.purge", target(dataset), rows=count, before=limit)
    return count
