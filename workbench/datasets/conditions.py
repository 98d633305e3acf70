"""From filters, sort orders and cursors to SQL, each value typed by its column."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    TableClause,
    Text,
    UnaryExpression,
    and_,
    bindparam,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from workbench.datasets import column_types, times
from workbench.datasets.errors import refuse
from workbench.datasets.schemas import (
    MAX_SEARCH,
    AllOf,
    Among,
    AnyOf,
    Condition,
    Filter,
    Not,
    RowsQuery,
    Search,
    Sort,
)
from workbench.datasets.tables import ROW_ID
from workbench.db import pages

MAX_CHOICES = 1000
FEW = 8
PIECES = {"prefix": "startswith", "contains": "icontains"}
COMPARE = {
    "eq": "__eq__",
    "ne": "__ne__",
    "lt": "__lt__",
    "le": "__le__",
    "gt": "__gt__",
    "ge": "__ge__",
}


def check_column(types: Mapping[str, str], name: str, place: str) -> str:
    """The type of a column; raise Invalid when the dataset has none of that name."""
    if name not in types:
        raise refuse(place, "is not a column of this dataset")
    return types[name]


def where(
    view: FromClause,
    types: Mapping[str, str],
    filters: Sequence[Filter | Among],
    place: str = "filter",
) -> list[ColumnElement[bool]]:
    """The filters as SQL; all of them must hold."""
    return [
        _holds(view, types, found, f"{place}[{position}]") for position, found in enumerate(filters)
    ]


def _holds(
    view: FromClause, types: Mapping[str, str], found: Filter | Among, place: str
) -> ColumnElement[bool]:
    match found:
        case AllOf(all=branches):
            return and_(*where(view, types, branches, f"{place}.all"))
        case AnyOf(any=branches):
            return or_(*where(view, types, branches, f"{place}.any"))
        case Not(not_=branch):
            return _holds(view, types, branch, f"{place}.not").is_not(true())
        case Search(search=piece):
            return _contains_anywhere(view, types, piece, f"{place}.search")
        case Among(texts=texts):
            few = sum(map(len, texts.values())) <= FEW
            return or_(false(), *(_among(view.c[name], texts[name], few=few) for name in texts))
        case Condition():
            return _condition(view, types, found, place)


def _contains_anywhere(
    view: FromClause, types: Mapping[str, str], piece: str, place: str
) -> ColumnElement[bool]:
    texts = [name for name, type_name in types.items() if type_name == "text"]
    if not texts:
        raise refuse(place, "the dataset has no column of text")
    typed = column_types.read("text", piece, place)
    # One comparison for each row costs less than half of one for each column. What stands between
    # the texts is no part of the piece, so none is found across two of them.
    between = next(mark for mark in map(chr, range(1, MAX_SEARCH + 2)) if mark not in typed)
    every = func.concat_ws(between, *(view.c[name] for name in texts))
    return every.icontains(typed, autoescape=True)


def _among(column: ColumnElement[str], texts: Sequence[str], *, few: bool) -> ColumnElement[bool]:
    if few:  # an index finds them, if there is one
        return column.in_(texts) if texts else false()
    # Texts from a subselect are hashed whatever plan is kept, where a list is gone through.
    return column.in_(select(func.unnest(bindparam(None, texts, ARRAY(Text), unique=True))))


def _condition(
    view: FromClause, types: Mapping[str, str], condition: Condition, place: str
) -> ColumnElement[bool]:
    type_name = check_column(types, condition.column, f"{place}.column")
    column: ColumnElement[Any] = view.c[condition.column]
    if condition.bucket is not None:
        column, type_name = times.bucket(column, type_name, condition.bucket, condition.zone, place)
    value, place = condition.value, f"{place}.value"
    if condition.op == "is_null":
        wanted = value is None or column_types.read("boolean", value, place)
        return column.is_(None) if wanted else column.is_not(None)
    if condition.op == "in":
        return column.in_(_choices(type_name, value, place))
    if condition.op == "between":
        first, last = _ends(type_name, value, place)
        return column.between(literal(first, column.type), literal(last, column.type))
    typed = column_types.read(type_name, value, place)
    if condition.op in PIECES:
        if type_name != "text":
            raise refuse(place, "only a text has a beginning and pieces")
        matches: ColumnElement[bool] = getattr(column, PIECES[condition.op])(typed, autoescape=True)
        return matches
    bound = literal(typed, column.type)
    compared: ColumnElement[bool] = getattr(column, COMPARE[condition.op])(bound)
    return compared


def _ends(type_name: str, value: Any, place: str) -> list[Any]:
    if not isinstance(value, list) or len(value) != len(("first", "last")):
        raise refuse(place, "must be a list of the first and the last value")
    return [
        column_types.read(type_name, end, f"{place}[{position}]")
        for position, end in enumerate(value)
    ]


def _choices(type_name: str, value: Any, place: str) -> list[Any]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_CHOICES:
        raise refuse(place, f"must be a list of 1 to {MAX_CHOICES} values")
    return [
        column_types.read(type_name, choice, f"{place}[{position}]")
        for position, choice in enumerate(value)
    ]


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
