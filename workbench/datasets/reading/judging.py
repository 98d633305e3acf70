"""One cell at a time, as PostgreSQL reads it: for the few that Arrow's casts cannot judge."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from workbench.datasets.column_types import BIGINT

SPACE = " \t\n\r\v\f"
WHOLE = re.compile(
    r"[+-]?(?:\d+(?:_\d+)*|0[xX](?:_?[\da-fA-F]+)+|0[oO](?:_?[0-7]+)+|0[bB](?:_?[01]+)+)", re.ASCII
)
DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
HEXADECIMAL = re.compile(
    r"[+-]?0[xX](?:[\da-fA-F]+(?:\.[\da-fA-F]*)?|\.[\da-fA-F]+)(?:[pP][+-]?\d+)?", re.ASCII
)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
TIME = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>\.\d+)?)?)?"
    r"\s*(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)
BARE_WEST = re.compile(r"^.{10}-")  # a date and a zone in the west, which look like four numbers
SIXTY = 60
MOST_DIGITS = 100  # of a whole number, before anything is computed with it
WIDEST_ZONE = timedelta(hours=16)  # PostgreSQL's own bound, exclusive


def whole(cell: str) -> int:
    """Read a whole number, in any notation of PostgreSQL's; raise ValueError when it is none."""
    text = cell.strip(SPACE)
    if len(text) > MOST_DIGITS or not WHOLE.fullmatch(text):
        raise ValueError(cell)
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
    value = sign * int(digits, 0 if digits[1:2].isalpha() else 10)
    if not -BIGINT <= value < BIGINT:
        raise ValueError(cell)
    return value


def number(cell: str) -> float:
    """Read a finite number; raise ValueError for all others, and where only zero would be left."""
    text = cell.strip(SPACE)
    if DECIMAL.fullmatch(text):
        value, mantissa = float(text), re.split("[eE]", text)[0]
    elif HEXADECIMAL.fullmatch(text):
        value, mantissa = _hexadecimal(text), re.split("[pP]", text)[0]
    else:
        raise ValueError(cell)
    if not math.isfinite(value) or (value == 0 and re.search("[1-9a-fA-F]", mantissa)):
        raise ValueError(cell)
    return value


def _hexadecimal(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        raise ValueError(text) from None


def day(cell: str) -> date:
    """Read an ISO date; raise ValueError when it is none or does not exist."""
    text = cell.strip(SPACE)
    if not DATE.fullmatch(text):
        raise ValueError(cell)
    return date.fromisoformat(text)


def moment(cell: str) -> datetime:
    """Read an ISO time, in UTC unless it has an offset; raise ValueError when it is none."""
    found = TIME.fullmatch(cell.strip(SPACE))
    if found is None or BARE_WEST.search(found.string):
        raise ValueError(cell)
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    clock = timedelta(hours=hour, minutes=minute, seconds=second)
    if minute >= SIXTY or second > SIXTY or clock > timedelta(days=1):
        raise ValueError(cell)
    clock += timedelta(microseconds=_rounded(found["fraction"]))
    if clock > timedelta(days=1):
        raise ValueError(cell)
    midnight = datetime.combine(date.fromisoformat(found["date"]), datetime.min.time(), UTC)
    try:
        return midnight + (clock - _offset(found["zone"]))
    except OverflowError:
        raise ValueError(cell) from None


def _rounded(fraction: str | None) -> int:
    """Microseconds, rounded to the nearest, a half to the even one, as the server does."""
    return round(float(fraction) * 1_000_000) if fraction else 0


def _offset(zone: str | None) -> timedelta:
    if not zone or zone in "zZ":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    if int(digits[2:]) >= SIXTY:
        raise ValueError(zone)
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if offset >= WIDEST_ZONE:
        raise ValueError(zone)
    return -offset if zone[0] == "-" else offset


JUDGES: dict[str, Callable[[str], object]] = {
    "integer": whole,
    "number": number,
    "date": day,
    "timestamp": moment,
}


def judge(type_name: str, cell: str) -> object | None:
    """Read a cell as a type; None when it does not fit."""
    try:
        return JUDGES[type_name](cell)
    except ValueError:
        return None
