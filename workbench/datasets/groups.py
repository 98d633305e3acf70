"""Groups of an aggregation: values, buckets of time, bins of numbers.

A bound value stands once in a statement however often it is named, so that PostgreSQL sees the very
same expression in SELECT and GROUP BY.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Double, FromClause, Label, cast, func, literal

from workbench.datasets import times
from workbench.datasets.column_types import TYPES
from workbench.datasets.conditions import check_column
from workbench.datasets.errors import refuse
from workbench.datasets.schemas import Group

MAX_NAME = 63


def group(
    view: FromClause, types: Mapping[str, str], wanted: Group, place: str
) -> tuple[Label[Any], str]:
    """The values to group by, named as the answer names them, and their type."""
    type_name = check_column(types, wanted.column, f"{place}.column")
    column: ColumnElement[Any] = view.c[wanted.column]
    name = wanted.name or "_".join(filter(None, (wanted.column, wanted.bucket)))
    if wanted.width is not None:
        if not TYPES[type_name].is_number:
            raise refuse(f"{place}.width", "only a number has bins")
        binned, type_name = _bin(column, type_name, wanted.width)
        return binned.label(name), type_name
    if wanted.bucket is None:
        return column.label(name), type_name
    bucket, type_name = times.bucket(column, type_name, wanted.bucket, wanted.zone, place)
    return bucket.label(name), type_name


def _bin(
    column: ColumnElement[Any], type_name: str, width: float
) -> tuple[ColumnElement[Any], str]:
    if type_name == "integer" and width.is_integer():
        whole = literal(int(width), BigInteger())
        return column - func.mod(func.mod(column, whole) + whole, whole), "integer"
    wide: ColumnElement[float] = literal(width, Double())
    return func.floor(cast(column, Double()) / wide, type_=Double()) * wide, "number"
