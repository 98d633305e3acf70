"""Buckets and parts of times, of UTC or of a zone, for groups and for conditions."""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Text,
    cast,
    extract,
    func,
    literal,
    literal_column,
)

from workbench.datasets.column_types import TYPES
from workbench.datasets.errors import refuse

UTC: ColumnElement[str] = literal_column("'UTC'")
PARTS = {"weekday": "isodow", "hour_of_day": "hour", "month_of_year": "month"}
IN_DAYS = ("minute", "hour", "hour_of_day")


def bucket(
    column: ColumnElement[Any], type_name: str, name: str, zone: str | None, place: str
) -> tuple[ColumnElement[Any], str]:
    """The bucket of a column's times, or a part of them, and its type; raise Invalid for others."""
    if not TYPES[type_name].is_time:
        raise refuse(f"{place}.bucket", "only a date or a timestamp has buckets")
    if type_name == "date" and name in IN_DAYS:
        raise refuse(f"{place}.bucket", "a date has no hours")
    local = _zone(zone, type_name, f"{place}.zone")
    if name in PARTS:
        return _part(column, type_name, name, local), "integer"
    word: ColumnElement[str] = literal_column(f"'{name}'")  # one of ours
    if type_name == "date":
        return cast(func.date_trunc(word, cast(column, DateTime())), Date), type_name
    return func.date_trunc(word, column, local, type_=DateTime(timezone=True)), type_name


def _part(
    column: ColumnElement[Any], type_name: str, name: str, zone: ColumnElement[str]
) -> ColumnElement[int]:
    local = column if type_name == "date" else func.timezone(zone, column)
    part = cast(extract(PARTS[name], local), Integer)
    return part - literal_column("1") if name == "weekday" else part


def _zone(zone: str | None, type_name: str, place: str) -> ColumnElement[str]:
    if zone is None:
        return UTC
    if type_name == "date":
        raise refuse(place, "a date is the same day in every zone")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refuse(place, "is no zone of the IANA database, such as Europe/Berlin") from None
    return literal(zone, Text())
