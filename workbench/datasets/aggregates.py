"""From groups and measures to SQL; times fall into buckets of UTC, weeks begin on Monday."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Double,
    Integer,
    Label,
    Numeric,
    Select,
    TableClause,
    cast,
    extract,
    func,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from workbench.datasets import conditions
from workbench.datasets.column_types import TYPES
from workbench.datasets.conditions import check_column
from workbench.datasets.errors import refuse
from workbench.datasets.schemas import Aggregation, Group, Measure, Sort

MAX_NAME = 63
UTC: ColumnElement[str] = literal_column("'UTC'")
PARTS = {"weekday": "isodow", "hour_of_day": "hour"}


class Whole(TypeDecorator[int]):
    """A sum of whole numbers, which PostgreSQL answers as `numeric`."""

    impl = Numeric
    cache_ok = True

    def process_result_value(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Make a whole number of the answer."""
        del dialect
        return None if value is None else int(value)


def statement(view: TableClause, types: Mapping[str, str], aggregation: Aggregation) -> Select[Any]:
    """The aggregation as SQL, its columns named as the aggregation names them."""
    groups = [
        _group(view, types, group, f"group[{position}]")
        for position, group in enumerate(aggregation.group)
    ]
    measures = [
        _measure(view, types, measure, f"measures[{position}]")
        for position, measure in enumerate(aggregation.measures)
    ]
    answers = {label.name: label for label in (*groups, *measures)}
    if len(answers) < len(groups) + len(measures):
        raise refuse("measures", "two answers have the same name; give one another name")
    return (
        select(*answers.values())
        .select_from(view)
        .where(*conditions.where(view, types, aggregation.filter))
        .group_by(*(group.element for group in groups))
        .order_by(*_order(answers, groups, aggregation.sort))
        .limit(aggregation.limit)
    )


def _order(
    answers: Mapping[str, Label[Any]], groups: list[Label[Any]], sort: list[Sort]
) -> list[ColumnElement[Any]]:
    order: list[ColumnElement[Any]] = []
    for position, entry in enumerate(sort):
        if entry.column not in answers:
            raise refuse(f"sort[{position}].column", "is neither a group nor a measure")
        answer = answers[entry.column].element
        order.append((answer.desc() if entry.descending else answer.asc()).nulls_last())
    sorted_by = {entry.column for entry in sort}
    return order + [g.element.asc().nulls_last() for g in groups if g.name not in sorted_by]


def _group(view: TableClause, types: Mapping[str, str], group: Group, place: str) -> Label[Any]:
    type_name = check_column(types, group.column, f"{place}.column")
    column: ColumnElement[Any] = view.c[group.column]
    name = group.name or "_".join(filter(None, (group.column, group.bucket)))[:MAX_NAME]
    if group.bucket is None:
        return column.label(name)
    if not TYPES[type_name].is_time:
        raise refuse(f"{place}.bucket", "only a date or a timestamp has buckets")
    if type_name == "date" and group.bucket in ("hour", "hour_of_day"):
        raise refuse(f"{place}.bucket", "a date has no hours")
    return _bucket(column, type_name, group.bucket).label(name)


def _bucket(column: ColumnElement[Any], type_name: str, bucket: str) -> ColumnElement[Any]:
    # The bucket is a word of ours, not a parameter: PostgreSQL must see the very same expression
    # in SELECT and GROUP BY.
    word: ColumnElement[str] = literal_column(f"'{PARTS.get(bucket, bucket)}'")
    if bucket in PARTS:
        local = column if type_name == "date" else func.timezone(UTC, column)
        part = cast(extract(PARTS[bucket], local), Integer)
        return part - literal_column("1") if bucket == "weekday" else part
    if type_name == "date":
        return cast(func.date_trunc(word, cast(column, DateTime())), Date)
    return func.date_trunc(word, column, UTC, type_=DateTime(timezone=True))


def _measure(
    view: TableClause, types: Mapping[str, str], measure: Measure, place: str
) -> Label[Any]:
    if measure.column is None:
        return func.count().label(measure.name or "count")
    type_name = check_column(types, measure.column, f"{place}.column")
    name = measure.name or f"{measure.function}_{measure.column}"[:MAX_NAME]
    if measure.function in ("sum", "mean", "median") and not TYPES[type_name].is_number:
        raise refuse(f"{place}.column", "is not a number")
    if measure.function in ("min", "max") and type_name == "boolean":
        raise refuse(f"{place}.column", "has no order")
    return _figure(measure.function, view.c[measure.column], type_name).label(name)


def _figure(function: str, column: ColumnElement[Any], type_name: str) -> ColumnElement[Any]:
    match function:
        case "count":
            return func.count(column)
        case "count_distinct":
            return func.count(column.distinct())
        case "sum" if type_name == "integer":
            return type_coerce(func.sum(column), Whole())
        case "mean":
            return cast(func.avg(column), Double)
        case "median":
            half: ColumnElement[float] = literal_column("0.5")
            return func.percentile_cont(half).within_group(column)
        case _:
            figure: ColumnElement[Any] = getattr(func, function)(column, type_=column.type)
            return figure
