"""Values of an answer as people read them."""

import json
import re
from collections.abc import Sequence
from typing import Any

from dashboards.components.table import Heading
from workbench.datasets.sql import SqlResult

MOMENT = re.compile(r"(\d{4,}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d(?:\.\d+)?)?(?:\+00:00)?")
DAY = re.compile(r"\d{4,}-\d\d-\d\d")


def is_number(values: Sequence[Any]) -> bool:
    """Whether a column holds numbers, and at least one."""
    found = [value for value in values if value is not None]
    return bool(found) and all(isinstance(v, int | float) and not _is_flag(v) for v in found)


def is_time(values: Sequence[Any]) -> bool:
    """Whether a column holds days or moments, and at least one."""
    found = [value for value in values if value is not None]
    return bool(found) and all(
        isinstance(v, str) and (MOMENT.fullmatch(v) or DAY.fullmatch(v)) for v in found
    )


def columns(result: SqlResult) -> list[list[Any]]:
    """The values of an answer, column by column."""
    return [[row[at] for row in result.rows] for at in range(len(result.columns))]


def headings(result: SqlResult) -> list[Heading]:
    """The columns of an answer."""
    return [
        Heading(name, name, is_number(values))
        for name, values in zip(result.columns, columns(result), strict=True)
    ]


def texts(result: SqlResult) -> list[list[str | None]]:
    """The rows of an answer; None where there is no value."""
    times = [is_time(values) for values in columns(result)]
    return [
        [_text(value, is_time_=at) for value, at in zip(row, times, strict=True)]
        for row in result.rows
    ]


def _text(value: Any, *, is_time_: bool) -> str | None:
    if value is None or isinstance(value, str):
        return moment(value) if is_time_ and value else value
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def moment(text: str) -> str:
    """A moment without the signs that only programs need, such as 2013-01-31 05:00."""
    found = MOMENT.fullmatch(text)
    if found is None:
        return text
    seconds = found[3] if found[3] and found[3] != ":00" else ""
    return f"{found[1]} {found[2]}{seconds}"


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)
