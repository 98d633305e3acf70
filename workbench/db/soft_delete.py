"""Delete, restore and purge: deleted rows stay until a purge, and no query shows them.

The loader hook covers entities in SELECT and bulk UPDATE and DELETE. Policies of PostgreSQL do
not hide deleted rows, since they would refuse the very UPDATE that deletes.
"""

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, delete, event, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import (
    Mapped,
    ORMExecuteState,
    Session,
    mapped_column,
    with_loader_criteria,
)

from workbench.actor import Actor
from workbench.errors import NotFound

INCLUDE_DELETED = "include_deleted"
RETENTION = timedelta(days=30)


class SoftDelete:
    """An entity that is deleted by a mark."""

    deleted_at: Mapped[datetime | None] = mapped_column()
    deleted_by: Mapped[str | None] = mapped_column()


def hide_deleted(session_class: type[Session]) -> None:
    """Make every statement of the session class leave deleted entities out.

    The execution option `include_deleted=True` shows them.
    """
    event.listen(session_class, "do_orm_execute", _leave_deleted_out)


def _leave_deleted_out(state: ORMExecuteState) -> None:
    if state.execution_options.get(INCLUDE_DELETED) or state.is_column_load:
        return
    if state.is_select or state.is_update or state.is_delete:
        state.statement = state.statement.options(
            with_loader_criteria(
                SoftDelete, lambda cls: cls.deleted_at.is_(None), include_aliases=True
            )
        )


async def remove(session: AsyncSession, actor: Actor, model: type[Any], *where: Any) -> int:
    """Mark the live rows that match as deleted; raise NotFound when there are none."""
    return await _change(
        session,
        update(model).where(*where).values(deleted_at=func.now(), deleted_by=actor.subject),
    )


async def restore(session: AsyncSession, model: type[Any], *where: Any) -> int:
    """Bring deleted rows back; raise NotFound when none match."""
    return await _change(
        session,
        update(model)
        .where(model.deleted_at.is_not(None), *where)
        .values(deleted_at=None, deleted_by=None)
        .execution_options(include_deleted=True),
    )


async def purge(session: AsyncSession, model: type[Any], *, before: datetime) -> int:
    """Remove for good what was deleted before the given time; return how many rows."""
    statement = (
        delete(model)
        .where(model.deleted_at < before)
        .execution_options(include_deleted=True, synchronize_session=False)
    )
    return cast("CursorResult[Any]", await session.execute(statement)).rowcount


async def _change(session: AsyncSession, statement: Any) -> int:
    result = cast("CursorResult[Any]", await session.execute(statement))
    if result.rowcount == 0:
        raise NotFound
    return result.rowcount


def one(model: type[Any], tenant_id: UUID, id_: UUID) -> tuple[Any, Any]:
    """The conditions that name one row of a tenant."""
    return model.tenant_id == tenant_id, model.id == id_
