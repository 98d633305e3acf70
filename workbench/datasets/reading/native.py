"""Columns that a file has typed itself: kept where a dataset has their type, else texts."""

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from workbench.datasets.errors import Malformed
from workbench.datasets.reading.casting import ARROW, is_in_range

MIDNIGHT = r" 00:00:00(?:\.0+)?(?:Z|[+-]\d{4})?$"
# Which types of Arrow become which of a dataset's without a text in between.
KEPT: dict[str, Any] = {
    "integer": pa.types.is_integer,
    "number": lambda found: pa.types.is_floating(found) or pa.types.is_integer(found),
    "boolean": pa.types.is_boolean,
    "date": pa.types.is_date,
    "timestamp": lambda found: pa.types.is_timestamp(found) or pa.types.is_date(found),
}


def kept(cells: Any, type_name: str) -> Any:
    """The column as a dataset's type, None when it must be judged as texts."""
    if pa.types.is_null(cells.type):
        return pa.nulls(len(cells), ARROW[type_name])
    if type_name not in KEPT or not KEPT[type_name](cells.type):
        return None
    try:
        if pa.types.is_timestamp(cells.type) and cells.type.unit == "ns":
            cells = pc.floor_temporal(cells, unit="microsecond")
        values = cells.cast(ARROW[type_name])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return values if is_in_range(values, type_name) else None


def as_texts(column: Any) -> Any:
    """Any column of Arrow's as texts, nested values as JSON."""
    try:
        texts = column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return _through_python(column)
    if pa.types.is_timestamp(column.type):
        return pc.replace_substring_regex(texts, MIDNIGHT, "")
    return texts


def _through_python(column: Any) -> Any:
    try:
        values = column.to_pylist()
        texts = [None if value is None else _json(value) for value in values]
        return pa.array(texts, pa.string())
    except (ValueError, OverflowError, LookupError, RecursionError, pa.ArrowException):
        message = f"The file has values of type {_name(column.type)} that cannot be read."
        raise Malformed(f"{message} Write them as texts.") from None


def _name(found: Any) -> str:
    try:
        return str(found)[:60]
    except UnicodeDecodeError:
        return "unknown"


def _json(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return json.dumps(value, default=_json_of, ensure_ascii=False)


def _json_of(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
