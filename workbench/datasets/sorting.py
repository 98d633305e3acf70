"""From sort orders and cursors to SQL, each value typed by its column."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    TableClause,
    UnaryExpression,
    and_,
    bindparam,
    func,
    or_,
    tuple_,
)

from workbench.datasets import column_types
from workbench.datasets.conditions import check_column
from workbench.datasets.errors import refuse
from workbench.datasets.schemas import RowsQuery, Sort
from workbench.datasets.tables import ROW_ID
from workbench.db import pages


def full_sort(types: Mapping[str, str], sort: Sequence[Sort]) -> list[Sort]:
    """The sort order with `row_id` at its end, so that no two rows tie."""
    for position, entry in enumerate(sort):
        check_column(types, entry.column, f"sort[{position}].column")
    names = [entry.column for entry in sort]
    if len(set(names)) < len(names):
        raise refuse("sort", "names a column twice")
    return [*sort] if ROW_ID in names else [*sort, Sort(column=ROW_ID)]


def order_by(
    view: FromClause, sort: Sequence[Sort], *, aside: bool = False
) -> list[UnaryExpression[Any]]:
    """The sort order as SQL; rows without a value come last either way.

    `aside` keeps an index of this order out: through one, rows that few conditions meet would be
    looked for one by one all over the table, which takes ten times as long as to sort them.
    """
    return [_ordered(view.c[entry.column], entry, aside=aside) for entry in sort]


def _ordered(column: ColumnElement[Any], entry: Sort, *, aside: bool) -> UnaryExpression[Any]:
    is_key = entry.column == ROW_ID
    key: ColumnElement[Any] = func.greatest(column) if aside and not is_key else column
    ordered = key.desc() if entry.descending else key.asc()
    return ordered if is_key else ordered.nulls_last()


def cursor_key(query: RowsQuery, row: Mapping[Any, Any]) -> list[Any]:
    """What a cursor remembers of a row: the order it was made for, and the row's sort values."""
    sort = [*query.sort]
    if ROW_ID not in [entry.column for entry in sort]:
        sort.append(Sort(column=ROW_ID))
    return [_signature(sort), *(row[entry.column] for entry in sort)]


def read_cursor(types: Mapping[str, str], sort: Sequence[Sort], cursor: str) -> list[Any]:
    """The sort values that a cursor remembers, typed; raise Invalid when it is of another order."""
    signature, *values = pages.decode(cursor, len(sort) + 1)
    if signature != _signature(sort):
        raise refuse("cursor", "belongs to another sort order")
    return [
        None if value is None else column_types.read(types[entry.column], value, "cursor")
        for entry, value in zip(sort, values, strict=True)
    ]


def after_names(values: Sequence[Any]) -> dict[str, Any]:
    """The values of `after` by the names under which its statement knows them."""
    return {f"after_{place}": value for place, value in enumerate(values) if value is not None}


def after(view: TableClause, sort: Sequence[Sort], values: Sequence[Any]) -> ColumnElement[bool]:
    """The condition of the rows that come after the one that had these sort values."""
    return or_(*(and_(*ties, beyond) for ties, beyond in _ranges(view, sort, values)))


def ranges(
    view: TableClause, sort: Sequence[Sort], values: Sequence[Any]
) -> list[ColumnElement[bool]]:
    """The same condition in pieces, each of which is one range of an index of this order."""
    found = _ranges(view, sort, values)
    pieces = [and_(*ties, beyond) for ties, beyond in found]
    if not _rise_together(sort, values):
        return pieces
    # The last three: beyond in the last column, without a value there, with it and a later key.
    (ties, _), _, _ = found[-3:]
    names = [entry.column for entry in sort]
    ends = [(view.c[names[at]], values[at], at % len(names)) for at in (-2, -1)]
    rising = tuple_(*(column for column, _, _ in ends)) > tuple_(
        *(_last(place, value, column) for column, value, place in ends)
    )
    return [*pieces[:-3], and_(*ties, rising), pieces[-2]]


def _rise_together(sort: Sequence[Sort], values: Sequence[Any]) -> bool:
    """Whether the last column rises like the key after it: both are one comparison then."""
    *before, key = sort
    if not before or before[-1].descending or key.descending or values[-2] is None:
        return False
    return key.column == ROW_ID


def _ranges(
    view: TableClause, sort: Sequence[Sort], values: Sequence[Any]
) -> list[tuple[list[ColumnElement[bool]], ColumnElement[bool]]]:
    """Pairs of what is as in the last row seen, and what lies beyond it."""
    ties: list[ColumnElement[bool]] = []
    found: list[tuple[list[ColumnElement[bool]], ColumnElement[bool]]] = []
    for place, (entry, value) in enumerate(zip(sort, values, strict=True)):
        column = view.c[entry.column]
        if value is None:  # rows without a value come last; nothing lies beyond them
            ties.append(column.is_(None))
            continue
        last = _last(place, value, column)
        found.append(([*ties], column < last if entry.descending else column > last))
        if column.name != ROW_ID:
            found.append(([*ties], column.is_(None)))
        ties.append(column == last)
    return found


def _last(place: int, value: Any, column: ColumnElement[Any]) -> BindParameter[Any]:
    return bindparam(f"after_{place}", value, column.type)


def _signature(sort: Sequence[Sort]) -> str:
    return ",".join(f"-{entry.column}" if entry.descending else entry.column for entry in sort)
