"""Rows that give way to an import's, and how they come back.

They are marked as deleted by the import that they gave way to, so that undoing it finds them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    FromClause,
    Select,
    TableClause,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.datasets import tables
from workbench.datasets.errors import Malformed, NotUndone
from workbench.datasets.models import Import
from workbench.datasets.reading import Refused, Wanted
from workbench.datasets.reading.matching import by_names, sources

if TYPE_CHECKING:
    from workbench.datasets.loading import Job

MARK, UNDONE = "import:", "undo:"
AT_ONCE = 5_000
MAX_VALUE = 200


def key(order: Import, matched: Sequence[Wanted]) -> dict[str, str]:
    """The name of each column of the import's key, and of the staged column that brings it."""
    places = {wanted.name: f"c{place}" for place, wanted in enumerate(matched, start=1)}
    missing = [name for name in order.key_columns if name not in places]
    if missing:
        raise Malformed(f"The file has no column {missing[0]}, which is part of the key.")
    return {name: places[name] for name in order.key_columns}


async def refuse(session: AsyncSession, job: "Job", key: Mapping[str, str]) -> int:
    """Take rows out of staging whose key is incomplete or came before; answer how many.

    The first row with a key counts. A later one is refused and named with the rejects: neither is
    lost, and sending the rejects again lets the later one count.
    """
    staged, cells = job.staged, list(key.values())
    found = 0
    rows = await session.stream(_wrong(staged, cells).order_by(staged.c.line))
    async for some in rows.mappings().partitions(AT_ONCE):
        job.rejects.add(_refused(job, key, row) for row in some)
        found += len(some)
    if found:
        again = staged.alias("again")
        lines = _wrong(again, cells).with_only_columns(again.c.line)
        await session.execute(delete(staged).where(staged.c.line.in_(lines)))
    return found


def _wrong(staged: FromClause, cells: Sequence[str]) -> Select[Any]:
    first = func.min(staged.c.line).over(partition_by=[staged.c[cell] for cell in cells])
    judged = select(staged.c.line, first.label("first")).subquery()
    is_empty = or_(*(staged.c[cell].is_(None) for cell in cells))
    return (
        select(staged, judged.c.first)
        .join(judged, judged.c.line == staged.c.line)
        .where(or_(is_empty, judged.c.first < staged.c.line))
    )


def _refused(job: "Job", key: Mapping[str, str], row: Mapping[Any, Any]) -> Refused:
    empty = next((name for name, cell in key.items() if row[cell] is None), None)
    reason = f"has the same key as line {row['first']}" if empty is None else "is part of the key"
    shown = None if empty else _text(row[next(iter(key.values()))], job)
    named = empty or next(iter(key))
    value = None if shown is None else shown[:MAX_VALUE]
    return Refused(row["line"], reason, named, value, _cells(job, row))


def _cells(job: "Job", row: Mapping[Any, Any]) -> tuple[str | None, ...]:
    """The row as cells below the file's own header."""
    given = job.order.reading.get("columns") or ()
    renamed = {column["source"]: column["name"] for column in given}
    places = {wanted.name: f"c{place}" for place, wanted in enumerate(job.source.matched, start=1)}
    header = job.source.header
    names = (
        [renamed.get(name, name.strip().lower()) for name in sources(header)]
        if renamed
        else by_names(header, places)
    )
    cells = [places.get(name) for name in names]
    return tuple(None if cell is None else _text(row[cell], job) for cell in cells)


def _text(value: Any, job: "Job") -> str | None:
    """A value as a cell that is read as it again."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and job.order.reading.get("decimal") == ",":
        return repr(value).replace(".", ",")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


async def make_room(session: AsyncSession, job: "Job", key: Mapping[str, str]) -> int:
    """Mark the rows that give way to the staged ones; answer how many there are."""
    order, staged = job.order, job.staged
    if order.mode not in ("replace", "upsert"):
        return 0
    target = tables.rows(order.dataset.definition)
    matching = (target.c[name] == staged.c[cell] for name, cell in key.items())
    statement = (
        update(target)
        .where(target.c.tenant_id == order.tenant_id, target.c.deleted_at.is_(None), *matching)
        .values(deleted_at=func.now(), deleted_by=f"{MARK}{order.id}")
    )
    return await _count(session, statement)


async def take_back(session: AsyncSession, order: Import) -> tuple[int, int]:
    """Delete what an import brought, bring back what gave way; answer how many rows of each.

    Raise NotUndone when some of its rows have given way to a later import.
    """
    target = tables.rows(order.dataset.definition)
    own = and_(target.c.tenant_id == order.tenant_id, target.c.import_id == order.id)
    later = await session.scalar(
        select(target.c.deleted_by).where(own, target.c.deleted_by.startswith(MARK)).limit(1)
    )
    if later is not None:
        raise NotUndone(
            f"Rows of this import were replaced by import {later.removeprefix(MARK)}; "
            "undo that one first."
        )
    deleted = await _count(
        session,
        update(target)
        .where(own, target.c.deleted_at.is_(None))
        .values(deleted_at=func.now(), deleted_by=f"{UNDONE}{order.id}"),
    )
    restored = await _count(
        session,
        update(target)
        .where(target.c.tenant_id == order.tenant_id, _gave_way_to(target, order.id))
        .values(deleted_at=None, deleted_by=None),
    )
    return deleted, restored


def _gave_way_to(target: TableClause, import_id: UUID) -> ColumnElement[bool]:
    return and_(target.c.deleted_at.is_not(None), target.c.deleted_by == f"{MARK}{import_id}")


async def _count(session: AsyncSession, statement: Any) -> int:
    return cast("CursorResult[Any]", await session.execute(statement)).rowcount
