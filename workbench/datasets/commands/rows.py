"""Changes to rows, single or all that match a filter."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, TableClause, and_, func, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import column_types, conditions, queries, tables, trash
from workbench.datasets.column_types import BIGINT
from workbench.datasets.errors import DatasetNotFound, DeletionNotFound, RowNotFound, refuse
from workbench.datasets.models import Definition
from workbench.datasets.schemas import MAX_NEW_ROWS, Filter
from workbench.db.ids import new_id
from workbench.errors import Conflict, Stale, WorkbenchError
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


async def change_row(
    session: AsyncSession,
    actor: Actor,
    dataset: str,
    row_id: int,
    values: Mapping[str, Any],
    *,
    was: Mapping[Any, Any] | None = None,
) -> None:
    """Give a live row new values; raise Stale when it is not any more what it was."""
    definition = await _writable(session, actor, dataset)
    types = {column.name: column.type for column in definition.columns}
    typed = _typed(types, values, "values")
    target = tables.rows(definition)
    await _mark(session, actor, target, row_id, _live(target, was), typed, Stale if was else None)
    audit.record(
        session, actor, "row.change", f"dataset {dataset}", rows=1, row_id=row_id, columns=[*typed]
    )


async def delete_rows(
    session: AsyncSession,
    actor: Actor,
    dataset: str,
    filters: Sequence[Filter],
    *,
    expected: int | None = None,
) -> tuple[UUID, int]:
    """Mark all live rows that match as deleted; answer the deletion's id and how many there were.

    Raise Conflict, and delete none, when not just the expected number matches.
    """
    definition = await _writable(session, actor, dataset)
    target = tables.rows(definition)
    # On the table itself: a row that somebody else changes meanwhile is judged anew as it is then.
    matching = conditions.where(target, tables.types(definition), filters)
    deletion = new_id()
    statement = (
        update(target)
        .where(target.c.tenant_id == actor.require_tenant(), target.c.deleted_at.is_(None))
        .where(*matching)
        .values(deleted_at=func.now(), deleted_by=f"{_name(deletion)} {actor.subject}")
    )
    count = cast("CursorResult[Any]", await session.execute(statement)).rowcount
    if expected not in (None, count):
        raise Conflict(f"{count:,} rows match, {expected:,} were expected; none was deleted.")
    audit.record(
        session,
        actor,
        "row.delete",
        f"dataset {dataset}",
        rows=count,
        deletion=str(deletion),
        question=audit.kept(_written(filters)),
    )
    return deletion, count


async def restore_rows(session: AsyncSession, actor: Actor, dataset: str, deletion: UUID) -> int:
    """Bring back what one deletion took and is still deleted; answer how many rows that is."""
    definition = await _writable(session, actor, dataset)
    target = tables.rows(definition)
    statement = (
        update(target)
        .where(target.c.tenant_id == actor.require_tenant(), target.c.deleted_at.is_not(None))
        .where(target.c.deleted_by.startswith(_name(deletion), autoescape=True))
        .values(deleted_at=None, deleted_by=None)
    )
    count = cast("CursorResult[Any]", await session.execute(statement)).rowcount
    if count == 0:
        raise DeletionNotFound
    target_name = f"dataset {dataset}"
    audit.record(session, actor, "row.restore", target_name, rows=count, deletion=str(deletion))
    return count


def _name(deletion: UUID) -> str:
    return f"{trash.DELETION}{deletion}"


def _written(filters: Sequence[Filter]) -> str:
    shown = [found.model_dump(mode="json", by_alias=True) for found in filters]
    return json.dumps(shown)


async def delete_row(
    session: AsyncSession,
    actor: Actor,
    dataset: str,
    row_id: int,
    *,
    was: Mapping[Any, Any] | None = None,
) -> None:
    """Mark a live row as deleted; raise NotFound when there is none, Stale when it was another."""
    target = tables.rows(await _writable(session, actor, dataset))
    marks = {"deleted_at": func.now(), "deleted_by": actor.subject}
    await _mark(session, actor, target, row_id, _live(target, was), marks, Stale if was else None)
    audit.record(session, actor, "row.delete", f"dataset {dataset}", rows=1, row_id=row_id)


async def restore_row(session: AsyncSession, actor: Actor, dataset: str, row_id: int) -> None:
    """Bring a deleted row back; raise NotFound when there is none."""
    target = tables.rows(await _writable(session, actor, dataset))
    marks = {"deleted_at": None, "deleted_by": None}
    await _mark(session, actor, target, row_id, target.c.deleted_at.is_not(None), marks)
    audit.record(session, actor, "row.restore", f"dataset {dataset}", rows=1, row_id=row_id)


def _live(target: TableClause, was: Mapping[Any, Any] | None) -> ColumnElement[bool]:
    """Whether a row is live, and still what somebody has seen."""
    seen = was or {}
    same = (target.c[name].is_not_distinct_from(value) for name, value in seen.items())
    return and_(target.c.deleted_at.is_(None), *same)


async def _mark(
    session: AsyncSession,
    actor: Actor,
    target: TableClause,
    row_id: int,
    state: ColumnElement[bool],
    marks: Mapping[str, Any],
    otherwise: type[WorkbenchError] | None = None,
) -> None:
    if not 0 < row_id < BIGINT:
        raise RowNotFound
    one = (target.c.tenant_id == actor.require_tenant(), target.c[tables.ROW_ID] == row_id)
    result = await session.execute(update(target).where(*one, state).values(marks))
    if cast("CursorResult[Any]", result).rowcount == 0:
        raise otherwise or RowNotFound


async def _writable(session: AsyncSession, actor: Actor, name: str) -> Definition:
    actor.require_somewhere(Permission.ROW_WRITE)
    dataset = await session.scalar(queries.dataset(actor, name))
    if dataset is None:
        raise DatasetNotFound
    actor.require(Permission.ROW_WRITE, str(dataset.definition_id))
    return dataset.definition
