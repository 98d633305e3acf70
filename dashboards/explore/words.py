"""Conditions in plain words: what people choose and type, and the typed condition that it means."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboards.explore.figures import Field
from workbench.datasets.schemas import Condition
from workbench.errors import Invalid

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
INSTANT = timedelta(microseconds=1)  # the smallest step of a time
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Word:
    """A way to choose rows: its name, how people say it, and the control that asks for values."""

    key: str
    label: str
    control: str
    op: str
    bucket: str | None = None


_EMPTY = (
    Word("filled", "has a value", "none", "is_null"),
    Word("empty", "is empty", "none", "is_null"),
)
_NUMBER = (
    Word("is", "is", "numbers", "in"),
    Word("is_not", "is not", "number", "ne"),
    Word("least", "is at least", "number", "ge"),
    Word("more", "is more than", "number", "gt"),
    Word("most", "is at most", "number", "le"),
    Word("less", "is less than", "number", "lt"),
    Word("between", "is between", "two_numbers", "between"),
    *_EMPTY,
)
_DAYS = (
    Word("between", "is between", "two_dates", "between"),
    Word("on", "is on", "date", "eq"),
    Word("from", "is on or after", "date", "ge"),
    Word("before", "is before", "date", "lt"),
    Word("weekday", "is on a", "weekdays", "in", "weekday"),
    Word("month", "is in", "months", "in", "month_of_year"),
)
WORDS: dict[str, tuple[Word, ...]] = {
    "text": (
        Word("is", "is", "picks", "in"),
        Word("is_not", "is not", "text", "ne"),
        Word("contains", "contains", "text", "contains"),
        Word("starts", "starts with", "text", "prefix"),
        *_EMPTY,
    ),
    "integer": _NUMBER,
    "number": _NUMBER,
    "boolean": (
        Word("yes", "is true", "none", "eq"),
        Word("no", "is false", "none", "eq"),
        *_EMPTY,
    ),
    "date": (*_DAYS, *_EMPTY),
    "timestamp": (*_DAYS, Word("hour", "is in the hour", "hours", "in", "hour_of_day"), *_EMPTY),
}
FIXED: dict[str, Any] = {"filled": False, "empty": True, "yes": True, "no": False}
CHOICES: dict[str, Sequence[str]] = {
    "weekdays": WEEKDAYS,
    "months": MONTHS,
    "hours": tuple(f"{hour}:00" for hour in range(24)),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A condition as people fill it in: the column, the word's key, and texts."""

    column: str
    word: str
    values: tuple[str, ...] = ()


def word_of(field: Field, key: str) -> Word:
    """The word of a key; raise Invalid where the column knows none."""
    for word in WORDS[field.type]:
        if word.key == key:
            return word
    raise Invalid(f"{field.full_title} cannot be asked that way.")


def condition(field: Field, draft: Draft, zone: str | None) -> Condition:
    """The condition that a draft means; raise Invalid for one that is not filled in."""
    try:
        return _condition(field, draft, zone)
    except OverflowError:
        raise Invalid(f"{field.title} cannot be as large as that.") from None


def _condition(field: Field, draft: Draft, zone: str | None) -> Condition:
    word = word_of(field, draft.word)
    if word.control == "none":
        return Condition(column=field.name, op=word.op, value=FIXED[word.key])
    values = [text.strip() for text in draft.values if text.strip()]
    needed = 2 if word.control.startswith("two") else 1
    if len(values) < needed:
        raise Invalid(f"Say which {field.title} you mean.")
    if word.bucket:
        kept = sorted({int(value) for value in values if value.isdecimal()})
        place = zone if field.type == "timestamp" else None
        return Condition(column=field.name, op="in", value=kept, bucket=word.bucket, zone=place)
    if field.type == "timestamp":
        return _of_days(field, word, [_day(text, field) for text in values], zone)
    typed: list[Any] = [_number(text, field) if field.is_number else text for text in values]
    if field.type == "date":
        typed = [_day(text, field).isoformat() for text in values]
    if word.op == "in":
        op, value = ("eq", typed[0]) if len(typed) == 1 else ("in", typed)
        return Condition(column=field.name, op=op, value=value)
    return Condition(
        column=field.name, op=word.op, value=typed[:2] if word.op == "between" else typed[0]
    )


def draft(field: Field, found: Condition, zone: str | None) -> Draft | None:
    """What people would have filled in; None for a condition that words do not cover."""
    for word in WORDS[field.type]:
        values = _filled_in(field, word, found, zone)
        if values is None:
            continue
        filled = Draft(field.name, word.key, values)
        try:
            if condition(field, filled, found.zone or zone) == found:
                return filled
        except (Invalid, ValueError):
            continue
    return None


def _filled_in(
    field: Field, word: Word, found: Condition, zone: str | None
) -> tuple[str, ...] | None:
    """The texts of a condition if this word may have made it."""
    if found.bucket != word.bucket:
        return None
    if word.control == "none":
        return () if found.op == word.op and found.value == FIXED[word.key] else None
    values = found.value if isinstance(found.value, list) else [found.value]
    if field.type == "timestamp" and not found.bucket:
        return _days(values, zone, is_one=word.key == "on")
    return tuple(plain(value) for value in values)


def _of_days(field: Field, word: Word, days: Sequence[date], zone: str | None) -> Condition:
    first = _midnight(days[0], zone)
    if word.key in ("on", "between"):
        last = _midnight(days[-1] + DAY, zone) - INSTANT
        return between(field, first, last)
    return Condition(column=field.name, op=word.op, value=instant(first))


def between(field: Field, first: datetime, last: datetime) -> Condition:
    """The condition of the times from one to another, both among them."""
    return Condition(column=field.name, op="between", value=[instant(first), instant(last)])


def _days(values: Sequence[Any], zone: str | None, *, is_one: bool) -> tuple[str, ...] | None:
    days = [moment.date().isoformat() for value in values if (moment := local(value, zone))]
    if len(days) != len(values) or (is_one and len(set(days)) > 1):
        return None
    return tuple(days[:1] if is_one else days)


def instant(moment: datetime) -> str:
    """A moment as JSON writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def local(value: Any, zone: str | None) -> datetime | None:
    """A moment as the clocks of a zone show it; None for what is no moment."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    known = value if value.tzinfo else value.replace(tzinfo=UTC)
    return known.astimezone(zone_of(zone))


def zone_of(zone: str | None) -> ZoneInfo:
    """A zone by its name; raise Invalid for one that does not exist."""
    try:
        return ZoneInfo(zone or "UTC")
    except (ValueError, OSError, KeyError):
        raise Invalid("There is no such time zone.") from None


def plain(value: Any) -> str:
    """A value as people would type it."""
    if isinstance(value, float):
        return f"{value:.15g}"
    return "" if value is None else str(value)


def _midnight(day: date, zone: str | None) -> datetime:
    return datetime.combine(day, time.min, zone_of(zone))


def _day(text: str, field: Field) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{field.title} needs a date such as 2026-01-31.") from None


def _number(text: str, field: Field) -> float:
    is_whole = field.type == "integer"
    try:
        number = int(text) if is_whole else float(text)
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise Invalid(f"{field.title} needs {'a whole number' if is_whole else 'a number'}.")
    return number
