"""Whole columns of texts to a type at once, and which of their cells do not fit.

Arrow casts a column faster than anything can look at its cells, but reads more than PostgreSQL
(hexadecimal beyond 64 bits, infinity, the year 0) and less (spaces around, `1_000`, 24:00). So a
column is cast as it is; only where that fails, or its result shows what PostgreSQL would refuse,
are the plainly written cells cast and the others judged one by one.
"""

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from workbench.datasets.column_types import MAX_TEXT
from workbench.datasets.reading.judging import judge
from workbench.datasets.reading.notation import Notation

ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
}
NAIVE = pa.timestamp("us")
DAY = (
    r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
    r"|(?:0[13578]|1[02])-31)"
)
CLOCK = r"[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?"
# What is plain is cast without failing and means the same to PostgreSQL.
PLAIN = {
    "integer": r"^-?\d{1,18}$",
    "number": r"^[+-]?(?:\d{1,200}(?:\.\d{0,50})?|\.\d{1,50})(?:[eE][+-]?\d{1,2})?$",
    "date": rf"^[1-9]\d{{3}}-{DAY}$",
    "timestamp": rf"^[1-9]\d{{3}}-{DAY}(?:{CLOCK})?$",
}
ZONED = rf"^[1-8]\d{{3}}-{DAY}{CLOCK}(?:Z|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?)$"
FAR_ZONE = r"\d[+-](?:1[6-9]|2\d)(?::?\d{2})?$"
HAS_ZONE = re.compile(r".{11}.*(?:Z|[+-]\d{2}(?::?\d{2})?)\s*", re.IGNORECASE | re.DOTALL)
TRUE = [word[:n] for word in ("true", "yes") for n in range(1, len(word) + 1)] + ["on", "1"]
FALSE = [word[:n] for word in ("false", "no") for n in range(1, len(word) + 1)] + ["of", "off", "0"]
WORDS = pa.array(TRUE + FALSE)
MEANINGS = pa.array([True] * len(TRUE) + [False] * len(FALSE))
DAY_OF_MICROSECONDS = 86_400_000_000
FIRST_DAY, LAST_DAY = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31, from 1970
REACH: dict[str, Any] = {
    "date": (pa.int32(), FIRST_DAY, LAST_DAY),
    "timestamp": (
        pa.int64(),
        FIRST_DAY * DAY_OF_MICROSECONDS,
        (LAST_DAY + 1) * DAY_OF_MICROSECONDS - 1,
    ),
}

Cast = tuple[Any, Any]  # the typed column, and which cells do not fit, None when all do


def cast(cells: Any, type_name: str, notation: Notation) -> Cast:
    """Cast texts (Arrow string, null where there is no value) to the Arrow type of a column."""
    if type_name == "text":
        return cells, None
    if type_name == "boolean":
        return _booleans(_without_empty(cells))
    if (values := _at_once(cells, type_name, notation)) is not None:
        return values, None
    cells = _without_empty(cells)
    if notation.rewrites(type_name):
        cells = notation.rewritten(type_name, cells)
    values = _at_once(cells, type_name, Notation())
    return (values, None) if values is not None else _judged(cells, type_name)


def unfit_texts(cells: Any) -> Any:
    """Which texts cannot be stored: with NUL, or longer than a cell may be."""
    return pc.or_(pc.match_substring(cells, "\0"), pc.greater(pc.utf8_length(cells), MAX_TEXT))


def _without_empty(cells: Any) -> Any:
    empty = pc.equal(pc.binary_length(cells), 0)
    return pc.if_else(empty, None, cells) if pc.any(empty).as_py() else cells


def _booleans(cells: Any) -> Cast:
    found = pc.index_in(pc.ascii_lower(pc.ascii_trim_whitespace(cells)), WORDS)
    bad = pc.and_(pc.is_null(found), pc.is_valid(cells))
    return MEANINGS.take(found), bad if pc.any(bad).as_py() else None


def _at_once(cells: Any, type_name: str, notation: Notation) -> Any:
    """The column as its type if Arrow casts it and PostgreSQL would read the same, else None."""
    if notation.rewrites(type_name) and type_name in {"integer", "number"}:
        return None  # 1.234 means another number there
    try:
        values = CASTS[type_name](cells)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return values if SAME[type_name](cells, values) else None


def _moments(cells: Any) -> Any:
    """Cast times that all have an offset, or all have none; a cast that fails costs forty."""
    first = pc.first(cells).as_py()
    if first is not None and HAS_ZONE.fullmatch(first):
        return cells.cast(ARROW["timestamp"])
    return cells.cast(NAIVE).cast(ARROW["timestamp"])


def _same_integers(cells: Any, values: Any) -> bool:
    """Arrow wraps 0xFFFFFFFFFFFFFFFF to -1."""
    negative = pc.less(values, 0)
    if not pc.any(negative).as_py():
        return True
    return bool(pc.all(pc.starts_with(cells.filter(negative), "-")).as_py())


def _same_numbers(cells: Any, values: Any) -> bool:
    """Infinity, not-a-number, and what is too small to be anything but zero are refused."""
    if not is_in_range(values, "number"):
        return False
    zeros = cells.filter(pc.equal(values, 0))
    return not pc.any(pc.match_substring_regex(zeros, "^[^eE]*[1-9]")).as_py()


def is_in_range(values: Any, type_name: str) -> bool:
    """Whether all values of an Arrow column can be stored: finite, and of the years 1 to 9999."""
    if type_name == "number":
        return pc.all(pc.is_finite(values)).as_py() is not False
    if type_name not in REACH:
        return True
    storage, first, last = REACH[type_name]
    reach = pc.min_max(values.cast(storage)).as_py()
    return reach["min"] is None or (reach["min"] >= first and reach["max"] <= last)


def _same_dates(_: Any, values: Any) -> bool:
    return is_in_range(values, "date")


def _same_moments(cells: Any, values: Any) -> bool:
    """The year 0 does not exist, an hour needs its minutes, and no zone is 16 hours off."""
    if not is_in_range(values, "timestamp"):
        return False
    minutes = pc.equal(pc.binary_slice(cells.cast(pa.binary()), 13, 14), b":")
    written = pc.or_(minutes, pc.equal(pc.binary_length(cells), 10))
    if not pc.all(written).as_py():
        return False
    if pc.all(pc.ends_with(cells, "Z")).as_py() is not False:
        return True
    return not pc.any(pc.match_substring_regex(cells, FAR_ZONE)).as_py()


CASTS: dict[str, Any] = {
    "integer": lambda cells: cells.cast(ARROW["integer"]),
    "number": lambda cells: cells.cast(ARROW["number"]),
    "date": lambda cells: cells.cast(ARROW["date"]),
    "timestamp": _moments,
}
SAME: dict[str, Any] = {
    "integer": _same_integers,
    "number": _same_numbers,
    "date": _same_dates,
    "timestamp": _same_moments,
}


def _judged(cells: Any, type_name: str) -> Cast:
    """The plain cells cast at once, the others one by one, each different text once."""
    plain = pc.match_substring_regex(cells, PLAIN[type_name])
    values = CASTS[type_name](pc.if_else(plain, cells, None))
    if type_name == "timestamp":
        zoned = pc.match_substring_regex(cells, ZONED)
        values = pc.coalesce(values, CASTS[type_name](pc.if_else(zoned, cells, None)))
        plain = pc.or_(plain, zoned)
    odd = pc.fill_null(pc.invert(plain), fill_value=False)
    texts = cells.filter(odd).dictionary_encode()
    verdicts = [judge(type_name, text) for text in texts.dictionary.to_pylist()]
    judged = pa.array(verdicts, ARROW[type_name]).take(texts.indices)
    values = pc.replace_with_mask(values, odd, judged)
    bad = pc.and_(pc.is_null(values), pc.is_valid(cells))
    return values, bad if pc.any(bad).as_py() else None
