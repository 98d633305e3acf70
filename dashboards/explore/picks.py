"""Drilling down: from a group that was picked to the conditions of its rows."""

import math
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from dashboards.explore import words
from dashboards.explore.figures import Field, is_instant
from workbench.datasets.schemas import Condition, Group

MONTHS = {"month": 1, "quarter": 3, "year": 12}
SPANS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}


def conditions(field: Field, group: Group, key: Any, zone: str | None) -> list[Condition]:
    """The conditions that choose just the rows of a group."""
    if key is None:
        return [Condition(column=field.name, op="is_null", value=True)]
    if group.width is not None:
        return _of_bin(field, group.width, key)
    if is_instant(group):
        return [_of_stretch(field, str(group.bucket), key, zone)]
    if group.bucket is not None:
        place = zone if field.type == "timestamp" else None
        return [Condition(column=field.name, op="in", value=[key], bucket=group.bucket, zone=place)]
    return [Condition(column=field.name, op="eq", value=_json(key))]


def _of_bin(field: Field, width: float, key: float) -> list[Condition]:
    if field.type == "integer":
        first, last = math.ceil(key), math.ceil(key + width) - 1
        return [Condition(column=field.name, op="between", value=[first, last])]
    return [
        Condition(column=field.name, op="ge", value=key),
        Condition(column=field.name, op="lt", value=key + width),
    ]


def _of_stretch(field: Field, bucket: str, key: Any, zone: str | None) -> Condition:
    if field.type == "date":
        end = after(datetime.combine(key, time.min), bucket).date() - timedelta(days=1)
        return Condition(column=field.name, op="between", value=[key.isoformat(), end.isoformat()])
    first = key.astimezone(words.zone_of(zone))
    if bucket in ("hour", "minute"):  # of the clock that never jumps
        last = key.astimezone(UTC) + SPANS[bucket] - words.INSTANT
    else:
        last = after(first, bucket).astimezone(UTC) - words.INSTANT
    return words.between(field, first, last)


def after(start: datetime, bucket: str) -> datetime:
    """When the next bucket begins."""
    if bucket in SPANS:
        return start + SPANS[bucket]
    months = start.year * 12 + start.month - 1 + MONTHS[bucket]
    return start.replace(year=months // 12, month=months % 12 + 1)


def _json(key: Any) -> Any:
    if isinstance(key, datetime):
        return words.instant(key)
    return key.isoformat() if isinstance(key, date) else key
