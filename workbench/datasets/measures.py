"""Figures of groups, each of the rows that the measure's own filter leaves."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Integer,
    Label,
    Numeric,
    cast,
    func,
    literal_column,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from workbench.datasets import conditions
from workbench.datasets.column_types import TYPES
from workbench.datasets.conditions import check_column
from workbench.datasets.errors import refuse
from workbench.datasets.groups import MAX_NAME
from workbench.datasets.schemas import Measure
from workbench.datasets.tables import ROW_ID

OF_NUMBERS = ("sum", "mean", "median", "quantile", "share")
COUNTING = ("count", "distinct", "count_distinct")
KEEPING = ("min", "max", "first", "last")
HALF: ColumnElement[float] = literal_column("0.5")
Filtered = Callable[[Any], Any]


class Whole(TypeDecorator[int]):
    """A sum of whole numbers, which PostgreSQL answers as `numeric`."""

    impl = Numeric
    cache_ok = True

    def process_result_value(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Make a whole number of the answer."""
        del dialect
        return None if value is None else int(value)


def measure(
    view: FromClause,
    types: Mapping[str, str],
    wanted: Measure,
    groups: Mapping[str, Label[Any]],
    place: str,
) -> tuple[Label[Any], str]:
    """A figure, named as the answer names it, and its type."""
    holds = conditions.where(view, types, wanted.filter, f"{place}.filter")

    def filtered(aggregate: Any) -> Any:
        return aggregate.filter(*holds) if holds else aggregate

    if wanted.column is None:
        type_name, column = "integer", None
    else:
        type_name = check_column(types, wanted.column, f"{place}.column")
        column = view.c[wanted.column]
        _check_type(wanted.function, type_name, f"{place}.column")
    named = "_".join(filter(None, (wanted.function, wanted.column)))[:MAX_NAME]
    name = wanted.name or named
    if wanted.function == "share":
        parts = [_level(groups, within, f"{place}.within") for within in wanted.within]
        return _share(column, filtered, parts).label(name), "number"
    if column is None:
        return filtered(func.count()).label(name), "integer"
    if wanted.by is not None:
        check_column(types, wanted.by, f"{place}.by")
        order = (view.c[wanted.by], view.c[ROW_ID])
        return _end(wanted.function, column, order, filtered).label(name), type_name
    figure = _figure(wanted, column, type_name, filtered)
    return figure.label(name), _type_of(wanted.function, type_name)


def _check_type(function: str, type_name: str, place: str) -> None:
    if function in OF_NUMBERS and not TYPES[type_name].is_number:
        raise refuse(place, "is not a number")
    if function in ("min", "max") and type_name == "boolean":
        raise refuse(place, "has no order")


def _type_of(function: str, type_name: str) -> str:
    if function in COUNTING:
        return "integer"
    return type_name if function in (*KEEPING, "sum") else "number"


def _level(groups: Mapping[str, Label[Any]], name: str, place: str) -> ColumnElement[Any]:
    if name not in groups:
        raise refuse(place, f"{name} is no group")
    return groups[name].element


def _share(
    column: ColumnElement[Any] | None, filtered: Filtered, levels: Sequence[ColumnElement[Any]]
) -> ColumnElement[Any]:
    amount = cast(filtered(func.count() if column is None else func.sum(column)), Double)
    whole = func.sum(amount).over(partition_by=[*levels] or None)
    share: ColumnElement[Any] = amount / func.nullif(whole, literal_column("0"))
    return type_coerce(share, Double())


def _end(
    function: str,
    column: ColumnElement[Any],
    order: Sequence[ColumnElement[Any]],
    filtered: Filtered,
) -> ColumnElement[Any]:
    """The value in the row that comes first or last; rows without an order come after all."""
    ordered = [(each.desc() if function == "last" else each.asc()).nulls_last() for each in order]
    values = func.array_agg(aggregate_order_by(column, *ordered), type_=ARRAY(column.type))
    end: ColumnElement[Any] = filtered(values)
    return type_coerce(
        type_coerce(end, ARRAY(column.type))[literal_column("1", Integer)], column.type
    )


def _figure(
    wanted: Measure, column: ColumnElement[Any], type_name: str, filtered: Filtered
) -> ColumnElement[Any]:
    figure: ColumnElement[Any]
    match wanted.function:
        case "count":
            figure = filtered(func.count(column))
        case "distinct" | "count_distinct":
            figure = filtered(func.count(column.distinct()))
        case "sum" if type_name == "integer":
            figure = type_coerce(filtered(func.sum(column)), Whole())
        case "mean":
            figure = cast(filtered(func.avg(column)), Double)
        case "median":
            figure = filtered(func.percentile_cont(HALF).within_group(column))
        case "quantile":
            figure = filtered(func.percentile_cont(wanted.q).within_group(column))
        case _:
            figure = filtered(getattr(func, wanted.function)(column, type_=column.type))
    return figure
