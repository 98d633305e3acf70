"""Columns, groups, conditions and figures in the words and numbers that people read."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from dashboards.components import numbers
from dashboards.explore import words
from dashboards.explore.figures import Field, Opened, is_instant
from dashboards.explore.state import Question
from dashboards.explore.words import MONTHS, WEEKDAYS
from workbench.datasets.schemas import Condition, Group, Measure

EMPTY = "(empty)"
EXACT = 100  # from where on decimals of a figure say little
SMALL, LARGE = 0.01, 1e15  # beyond which a number is told by its leading digits
FUNCTIONS = {
    "mean": "Mean",
    "median": "Median",
    "sum": "Sum of",
    "min": "Smallest",
    "max": "Largest",
    "distinct": "Different values of",
}
STEPS = {
    "weekday": "weekday",
    "hour_of_day": "hour of the day",
    "month_of_year": "month of the year",
}
OPS = {"eq": "is", "ne": "is not", "lt": "<", "le": "≤", "gt": ">", "ge": "≥"} | {
    "prefix": "starts with",
    "contains": "contains",
}
LIST = 4  # values of a condition that are told


def measure(show: Measure, fields: Mapping[str, Field]) -> str:
    """What is measured."""
    if show.column is None:
        return "Share of the rows" if show.function == "share" else "Number of rows"
    title = fields[show.column].full_title
    if show.function == "share":
        return f"Share of all {lowered(title)}"
    if show.function == "count":
        return f"Rows with {lowered(title)}"
    return f"{FUNCTIONS[show.function]} {lowered(title)}"


def group(found: Group, fields: Mapping[str, Field]) -> str:
    """What rows are grouped by."""
    title = fields[found.column].full_title
    if found.bucket is None:
        return title
    return f"{STEPS.get(found.bucket, found.bucket).capitalize()} of {lowered(title)}"


def question(asked: Question, opened: Opened) -> str:
    """The question in words."""
    said = measure(asked.show, opened.fields)
    if asked.by:
        said += " by " + " and ".join(group(one, opened.fields) for one in asked.by)
    return said


def lowered(title: str) -> str:
    """A title within a sentence; abbreviations keep their capitals."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def condition(field: Field, found: Condition, zone: str | None) -> str:
    """A condition in words."""
    title = field.full_title
    if found.op == "is_null":
        return f"{title} {'has a value' if found.value is False else 'is empty'}"
    values = found.value if isinstance(found.value, list) else [found.value]
    said = [_value(field, found, value, zone) for value in values]
    if found.bucket is not None:
        return f"{title}: {_listed(said)}"
    if field.type == "boolean" and found.op == "eq":
        return f"{title} is {said[0].lower()}"
    if found.op == "between":
        return f"{title}: {said[0]}" if len({*said}) == 1 else f"{title}: {' – '.join(said)}"
    if found.op == "in":
        return f"{title} is {_listed(said)}"
    return f"{title} {OPS[found.op]} {said[0]}"


def _listed(said: list[str]) -> str:
    more = len(said) - LIST
    shown = said if more <= 1 else [*said[:LIST], f"{more} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _value(field: Field, found: Condition, value: Any, zone: str | None) -> str:
    if found.bucket is not None:
        return _part_of_time(found.bucket, value)
    if field.type == "timestamp":
        moment = words.local(value, zone)
        if moment is None:
            return str(value)
        return day(moment) if _is_midnight(moment) else when(moment)
    if field.type == "date":
        moment = words.local(value, None)
        return day(moment) if moment else str(value)
    if field.type == "boolean":
        return "Yes" if value is True else "No"
    return with_unit(words.plain(value), field.unit)


def _is_midnight(moment: datetime) -> bool:
    """Whether a moment begins a day, or is the last of one."""
    edge = moment + words.INSTANT
    return any((at.hour, at.minute, at.second) == (0, 0, 0) for at in (moment, edge))


def key(field: Field, found: Group, value: Any, zone: str | None) -> str:
    """The name of a group."""
    if value is None:
        return EMPTY
    if found.bucket is not None:
        if not is_instant(found):
            return _part_of_time(found.bucket, value)
        return stretch(found.bucket, words.local(value, zone) or value)
    if found.width is not None:
        return _bin(field, found.width, value)
    return cell(field, value, zone)


def stretch(bucket: str, moment: date) -> str:
    """The name of a stretch of time that begins at a moment."""
    match bucket:
        case "year":
            return f"{moment:%Y}"
        case "quarter":
            return f"Q{(moment.month + 2) // 3} {moment:%Y}"
        case "month":
            return f"{moment:%b %Y}"
        case "week" | "day":
            return f"{'Week of ' if bucket == 'week' else ''}{moment:%-d %b %Y}"
    return f"{moment:%-d %b %Y %H:%M}"


def _part_of_time(bucket: str, value: Any) -> str:
    names = {"weekday": WEEKDAYS, "month_of_year": ("", *MONTHS)}.get(bucket)
    if not isinstance(value, int) or isinstance(value, bool):
        return str(value)
    if names is None:
        return f"{value}:00"
    return names[value] if 0 <= value < len(names) else str(value)


def _bin(field: Field, width: float, low: float) -> str:
    if field.type == "integer" and width.is_integer():
        last = low + width - 1
        return amount(low) if width == 1 else f"{amount(low)} – {amount(last)}"
    return f"{amount(low)} – {amount(low + width)}"


def cell(field: Field, value: Any, zone: str | None) -> str:  # noqa: PLR0911 (one for each type)
    """A value of a row as a table shows it; identifiers are no amounts and take no commas."""
    if value is None:
        return numbers.NOTHING
    match value:
        case bool():
            return "Yes" if value else "No"
        case datetime():
            return when(words.local(value, zone) or value)
        case date():
            return day(value)
        case int() | float() if _is_amount(field):
            return amount(value)
        case float():
            return f"{value:.10g}"
    return str(value)


def _is_amount(field: Field) -> bool:
    is_known = field.semantic in ("money", "quantity", "percent", "duration")
    return is_known or field.unit not in ("", "HHMM")


def figure(show: Measure, fields: Mapping[str, Field], value: Any, zone: str | None) -> str:
    """A figure with its unit."""
    if value is None:
        return numbers.NOTHING
    if show.function == "share":
        return numbers.share(value)
    if show.function in ("count", "distinct") or show.column is None:
        return numbers.count(value)
    field = fields[show.column]
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = middle(value) if show.function in ("mean", "median") else amount(value)
        return with_unit(text, field.unit)
    return cell(field, value, zone)


def amount(value: float) -> str:
    """A number with as many decimals as say something."""
    if float(value).is_integer() and abs(value) < LARGE:
        return numbers.decimal(value).replace("-", "−")  # noqa: RUF001 (a minus, as typeset)
    decimals = 1 if abs(value) >= EXACT else 2
    text = numbers.decimal(value, decimals) if abs(value) >= SMALL else f"{value:.3g}"
    return text.replace("-", "−")  # noqa: RUF001 (a minus, as typeset)


def middle(value: float) -> str:
    """A mean or a median; with one decimal each, so that they stand under each other."""
    if abs(value) < 1 or abs(value) >= LARGE:
        return amount(value)
    return numbers.decimal(value, 1).replace("-", "−")  # noqa: RUF001 (a minus, as typeset)


def with_unit(text: str, unit: str) -> str:
    """A number and its unit."""
    return f"{text} {unit}" if unit and unit != "HHMM" else text


def day(moment: date) -> str:
    """A day such as 7 Jun 2013."""
    return f"{moment:%-d %b %Y}"


def when(moment: datetime) -> str:
    """A moment such as 7 Jun 2013 14:00."""
    return f"{moment:%-d %b %Y %H:%M}"
