"""Turning what a notebook publishes into a file."""

import base64 as codec
import io
import json
import re
from typing import Any

import pandas as pd

from workbench import formulas
from workbench.errors import Invalid
from workbench.runs.schemas import ARTIFACT_NAME, MAX_ARTIFACT_BYTES, MEDIA_TYPES

FIGURES = ("png", "svg")
MODELS = ("joblib", "onnx")


class BadFile(Invalid):
    """This cannot be published."""

    code = "bad_file"


def encode(name: str, obj: Any) -> tuple[str, bytes]:
    """The file's name, with an ending when it has none, and its bytes; raise BadFile."""
    if "." not in name:
        name = f"{name}.{_ending(obj)}"
    if not re.fullmatch(ARTIFACT_NAME, name):
        raise BadFile(
            f"{name!r} cannot be published: a name has a-z, 0-9, - or _ and one of the endings "
            f"{', '.join(MEDIA_TYPES)}."
        )
    data = _bytes(name.rsplit(".", 1)[-1], obj)
    if len(data) > MAX_ARTIFACT_BYTES:
        raise BadFile(f"{name} takes {len(data):,} bytes; at most {MAX_ARTIFACT_BYTES:,} fit.")
    return name, data


def base64(data: bytes) -> str:
    """The bytes as text."""
    return codec.b64encode(data).decode()


def _ending(obj: Any) -> str:
    if isinstance(obj, pd.DataFrame | pd.Series):
        return "parquet"
    if hasattr(obj, "savefig"):
        return "png"
    return "txt" if isinstance(obj, str) else "json"


def _bytes(ending: str, obj: Any) -> bytes:
    if isinstance(obj, bytes):
        return obj
    if isinstance(obj, pd.Series):
        obj = obj.to_frame()
    if isinstance(obj, pd.DataFrame):
        return _frame(ending, obj)
    if ending in FIGURES and hasattr(obj, "savefig"):
        buffer = io.BytesIO()
        obj.savefig(buffer, format=ending)
        return buffer.getvalue()
    if ending in {"txt", "csv"} and isinstance(obj, str):
        return obj.encode()
    if ending == "json":
        return json.dumps(obj, default=str, ensure_ascii=False).encode()
    if ending in MODELS:
        raise BadFile(f"Publish the bytes of {ending} themselves; Workbench loads no model.")
    raise BadFile(f"A {type(obj).__name__} cannot become a file that ends with .{ending}.")


def _frame(ending: str, frame: pd.DataFrame) -> bytes:
    if ending == "parquet":
        buffer = io.BytesIO()
        frame.rename(columns=str).to_parquet(buffer)
        return buffer.getvalue()
    if ending == "csv":
        return _defused(frame).to_csv().encode()
    if ending == "json":
        return str(frame.to_json(orient="table", date_format="iso")).encode()
    raise BadFile(f"A frame cannot become a file that ends with .{ending}.")


def _defused(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without a text, in cells or names, that a spreadsheet takes for a formula."""
    safe = frame.copy(deep=False)
    for place, (_, column) in enumerate(frame.items()):
        if not _is_number(column.dtype):
            safe.isetitem(place, column.map(_cell, na_action="ignore").array)
    safe.columns = frame.columns.map(_cell)
    if not _is_number(frame.index.dtype):
        safe.index = frame.index.map(_cell)
    return safe.rename_axis(index=_cell, columns=_cell)


def _is_number(dtype: Any) -> bool:
    return pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype)


def _cell(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_cell(part) for part in value)
    return formulas.defused(value) if isinstance(value, str) else value
