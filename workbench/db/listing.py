"""Lists of entities, page by page, ordered by columns that tell every row from the others."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from workbench.db import pages
from workbench.errors import Detail, Invalid

Keys = Sequence[InstrumentedAttribute[Any]]
# How JSON holds a value of a type, and how it becomes one again.
READ: dict[type, tuple[type, Callable[[Any], Any]]] = {
    UUID: (str, UUID),
    datetime: (str, datetime.fromisoformat),
    str: (str, str),
    int: (int, int),
}


async def page(
    session: AsyncSession,
    statement: Select[*tuple[Any, ...]],
    keys: Keys,
    *,
    cursor: str | None,
    limit: int,
    newest_first: bool = False,
) -> pages.Page[Row[Any]]:
    """Fetch `limit` rows of a statement after the cursor, in the order of the keys."""
    order = [key.desc() if newest_first else key.asc() for key in keys]
    statement = statement.order_by(None).order_by(*order).limit(limit + 1)
    if cursor is not None:
        columns, last = tuple_(*keys), tuple_(*_read(cursor, keys))
        statement = statement.where(columns < last if newest_first else columns > last)
    rows = (await session.execute(statement)).all()
    return pages.cut(rows, limit, lambda row: [_value(row, key) for key in keys])


def _read(cursor: str, keys: Keys) -> list[Any]:
    values = pages.decode(cursor, len(keys))
    kinds = [READ[key.type.python_type] for key in keys]
    try:
        if all(isinstance(value, kind[0]) for value, kind in zip(values, kinds, strict=True)):
            return [kind[1](value) for value, kind in zip(values, kinds, strict=True)]
    except ValueError:
        pass
    detail = Detail("cursor", "not a cursor of this list")
    raise Invalid("The cursor is not valid; take it from `next_cursor`.", details=[detail])


def _value(row: Row[Any], key: InstrumentedAttribute[Any]) -> Any:
    model: type[Any] = key.parent.class_
    return next(getattr(entity, key.key) for entity in row if isinstance(entity, model))
