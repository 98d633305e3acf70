"""Deleted rows, which lie in their table until they are restored or purged."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, literal, or_, select

from workbench.actor import Actor
from workbench.datasets import column_types, tables
from workbench.datasets.models import Dataset
from workbench.datasets.schemas import DeletedRow
from workbench.db import pages
from workbench.db.pages import Page
from workbench.permissions import Permission

DELETION = "deletion:"  # how the mark of a row begins that was deleted with others
ORDER = (("deleted_at", "timestamp"), (tables.ROW_ID, "integer"))
FIXED = ("deleted_at", "deleted_by")


def deleted(
    actor: Actor, dataset: Dataset, *, cursor: str | None, limit: int
) -> Select[*tuple[Any, ...]]:
    """Deleted rows, the newest first, for who may restore them; one more than `limit`."""
    actor.require(Permission.ROW_READ, str(dataset.definition_id))
    actor.require(Permission.ROW_WRITE, str(dataset.definition_id))
    rows = tables.rows(dataset.definition)
    at, row_id = (rows.c[name] for name, _ in ORDER)
    shown = [rows.c[name] for name in (*FIXED, *tables.types(dataset.definition))]
    statement = (
        select(*shown)
        .where(rows.c.tenant_id == actor.require_tenant(), at.is_not(None))
        .order_by(at.desc(), row_id.desc())
        .limit(limit + 1)
    )
    if cursor is None:
        return statement
    values = zip(pages.decode(cursor, len(ORDER)), ORDER, strict=True)
    last_at, last_id = (
        literal(column_types.read(kind, value, "cursor"), rows.c[name].type)
        for value, (name, kind) in values
    )
    return statement.where(at <= last_at, or_(at < last_at, and_(at == last_at, row_id < last_id)))


def page(found: Sequence[Mapping[Any, Any]], limit: int) -> Page[DeletedRow]:
    """Make a page of the mappings that the statement of `deleted` answered."""
    cut = pages.cut(found, limit, lambda row: [row[name] for name, _ in ORDER])
    return cut.map(_view)


def _view(row: Mapping[Any, Any]) -> DeletedRow:
    values = {name: value for name, value in row.items() if name not in FIXED}
    mark, _, subject = str(row["deleted_by"]).partition(" ")
    deletion = UUID(mark.removeprefix(DELETION)) if mark.startswith(DELETION) else None
    return DeletedRow(
        row=values,
        deleted_at=row["deleted_at"],
        deleted_by=subject or None if deletion else mark,
        deletion=deletion,
    )
