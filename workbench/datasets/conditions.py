"""From filters to SQL, each value typed by its column."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Text,
    and_,
    bindparam,
    false,
    func,
    literal,
    or_,
    select,
    true,
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
    Search,
)

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
