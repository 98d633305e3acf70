"""Changes to single rows."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, TableClause, func, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import column_types, queries, tables
from workbench.datasets.column_types import BIGINT
from workbench.datasets.errors import DatasetNotFound, RowNotFound, refuse
from workbench.datasets.models import Definition
from workbench.datasets.schemas import MAX_NEW_ROWS
from workbench.permissions import Permission

BY_HAND = UUID(int=0)  # the import of rows that came in no file


async def add_rows(
    session: AsyncSession, actor: Actor, dataset: str, rows: Sequence[Mapping[str, Any]]
) -> list[int]:
    """Add rows, all of them or none, and answer their ids; a column not named stays empty."""
    definition = await _writable(session, actor, dataset)
    if not 1 <= len(rows) <= MAX_NEW_ROWS:
        raise refuse("rows", f"must be a list of 1 to {MAX_NEW_ROWS} rows")
    types = {column.name: column.type for column in definition.columns}
    empty = dict.fromkeys(sorted({name for row in rows for name in row}))
    fixed = {"tenant_id": actor.require_tenant(), "import_id": BY_HAND}
    values = [
        fixed | empty | _typed(types, row, f"rows[{place}]") for place, row in enumerate(rows)
    ]
    target = tables.rows(definition)
    statement = insert(target).returning(target.c[tables.ROW_ID])
    ids = (await session.scalars(statement, values)).all()
    audit.record(session, actor, "row.add", f"dataset {dataset}", rows=len(ids), row_ids=list(ids))
    return list(ids)


def _typed(types: Mapping[str, str], row: Mapping[str, Any], place: str) -> dict[str, Any]:
    for name in row:
        if name not in types:
            raise refuse(f"{place}.{name[:63]}", "is not a column of this dataset")
    return {
        name: None if value is None else column_types.read(types[name], value, f"{place}.{name}")
        for name, value in row.items()
    }


async def delete_row(session: AsyncSession, actor: Actor, dataset: str, row_id: int) -> None:
    """Mark a live row as deleted; raise NotFound when there is none."""
    target = tables.rows(await _writable(session, actor, dataset))
    marks = {"deleted_at": func.now(), "deleted_by": actor.subject}
    await _mark(session, actor, target, row_id, target.c.deleted_at.is_(None), marks)
    audit.record(session, actor, "row.delete", f"dataset {dataset}", rows=1, row_id=row_id)


async def restore_row(session: AsyncSession, actor: Actor, dataset: str, row_id: int) -> None:
    """Bring a deleted row back; raise NotFound when there is none."""
    target = tables.rows(await _writable(session, actor, dataset))
    marks = {"deleted_at": None, "deleted_by": None}
    await _mark(session, actor, target, row_id, target.c.deleted_at.is_not(None), marks)
    audit.record(session, actor, "row.restore", f"dataset {dataset}", rows=1, row_id=row_id)


async def _mark(
    session: AsyncSession,
    actor: Actor,
    target: TableClause,
    row_id: int,
    state: ColumnElement[bool],
    marks: Mapping[str, Any],
) -> None:
    if not 0 < row_id < BIGINT:
        raise RowNotFound
    one = (target.c.tenant_id == actor.require_tenant(), target.c[tables.ROW_ID] == row_id)
    result = await session.execute(update(target).where(*one, state).values(marks))
    if cast("CursorResult[Any]", result).rowcount == 0:
        raise RowNotFound


async def _writable(session: AsyncSession, actor: Actor, name: str) -> Definition:
    actor.require_somewhere(Permission.ROW_WRITE)
    dataset = await session.scalar(queries.dataset(actor, name))
    if dataset is None:
        raise DatasetNotFound
    actor.require(Permission.ROW_WRITE, str(dataset.definition_id))
    return dataset.definition
