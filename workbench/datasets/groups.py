"""Groups of an aggregation: values, buckets of time, bins of numbers.

A bound value stands once in a statement however often it is named, so that PostgreSQL sees the very
same expression in SELECT and GROUP BY.
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Double,
    FromClause,
    Integer,
    Label,
    Text,
    cast,
    extract,
    func,
    literal,
    literal_column,
)

from workbench.datasets.column_types import TYPES
from workbench.datasets.conditions import check_column
from workbench.datasets.errors import refuse
from workbench.datasets.schemas import Group

MAX_NAME = 63
UTC: ColumnElement[str] = literal_column("'UTC'")
PARTS = {"weekday": "isodow", "hour_of_day": "hour", "month_of_year": "month"}
IN_DAYS = ("minute", "hour", "hour_of_day")


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
    if not TYPES[type_name].is_time:
        raise refuse(f"{place}.bucket", "only a date or a timestamp has buckets")
    if type_name == "date" and wanted.bucket in IN_DAYS:
        raise refuse(f"{place}.bucket", "a date has no hours")
    zone = _zone(wanted, type_name, f"{place}.zone")
    bucket = _bucket(column, type_name, wanted.bucket, zone)
    return bucket.label(name), "integer" if wanted.bucket in PARTS else type_name


def _bin(
    column: ColumnElement[Any], type_name: str, width: float
) -> tuple[ColumnElement[Any], str]:
    if type_name == "integer" and width.is_integer():
        whole = literal(int(width), BigInteger())
        return column - func.mod(func.mod(column, whole) + whole, whole), "integer"
    wide: ColumnElement[float] = literal(width, Double())
    return func.floor(cast(column, Double()) / wide, type_=Double()) * wide, "number"


def _zone(wanted: Group, type_name: str, place: str) -> ColumnElement[str]:
    if wanted.zone is None:
        return UTC
    if type_name == "date":
        raise refuse(place, "a date is the same day in every zone")
    try:
        ZoneInfo(wanted.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refuse(place, "is no zone of the IANA database, such as Europe/Berlin") from None
    return literal(wanted.zone, Text())


def _bucket(
    column: ColumnElement[Any], type_name: str, bucket: str, zone: ColumnElement[str]
) -> ColumnElement[Any]:
    word: ColumnElement[str] = literal_column(f"'{PARTS.get(bucket, bucket)}'")  # one of ours
    if bucket in PARTS:
        local = column if type_name == "date" else func.timezone(zone, column)
        part = cast(extract(PARTS[bucket], local), Integer)
        return part - literal_column("1") if bucket == "weekday" else part
    if type_name == "date":
        return cast(func.date_trunc(word, cast(column, DateTime())), Date)
    return func.date_trunc(word, column, zone, type_=DateTime(timezone=True))
