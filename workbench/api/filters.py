"""How an address writes filters and sort orders; the room judges columns and values."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query
from pydantic import TypeAdapter, ValidationError

from workbench.datasets.schemas import Filter, Filters, Sort
from workbench.errors import Detail, Invalid

FILTERS: TypeAdapter[list[Filter]] = TypeAdapter(Filters)
PARTS = 3
MAX_SORT = 1000  # characters

Sorting = Annotated[
    str | None,
    Query(
        max_length=MAX_SORT, description="Columns, separated by commas; `-` before one descends."
    ),
]
Filtering = Annotated[
    Sequence[str],
    Query(
        alias="filter",
        max_length=50,
        description=(
            "`column:operator:value`, once for each condition (operators: eq, ne, lt, le, gt, ge, "
            "between and in with values separated by commas, is_null, prefix, contains); or JSON, "
            "where `all`, `any` and `not` join conditions and `search` looks into every text."
        ),
        examples=[["origin:eq:JFK", "month:le:6"]],
    ),
]


def sort(text: str | None) -> list[Sort]:
    """Read `-dep_delay,month`."""
    try:
        return [
            Sort(column=name.removeprefix("-"), descending=name.startswith("-"))
            for name in names(text)
        ]
    except ValidationError as error:
        raise _invalid("sort", error) from error


def names(text: str | None) -> list[str]:
    """Read `origin,dest`."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def conditions(texts: Sequence[str]) -> list[Filter]:
    """Read filters written as `column:operator:value` or as JSON."""
    found: list[Any] = []
    for text in texts:
        found += _from_json(text) if text.lstrip().startswith(("[", "{")) else [_from_words(text)]
    try:
        return FILTERS.validate_python(found)
    except ValidationError as error:
        raise _invalid("filter", error) from error


def _from_json(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(details=[Detail("filter", "this is no JSON")]) from error
    return found if isinstance(found, list) else [found]


def _from_words(text: str) -> dict[str, Any]:
    parts = text.split(":", PARTS - 1)
    if len(parts) < PARTS - 1:
        raise Invalid(details=[Detail("filter", "write it as column:operator:value")])
    column, operator, value = [*parts, ""][:PARTS]
    values: dict[str, Any] = {
        "in": value.split(","),
        "between": value.split(","),
        "is_null": {"": None, "true": True, "false": False}.get(value, value),
    }
    return {"column": column, "op": operator, "value": values.get(operator, value)}


def _invalid(place: str, error: ValidationError) -> Invalid:
    details = [
        Detail(".".join([place, *(str(part) for part in found["loc"])]), str(found["msg"]))
        for found in error.errors(include_input=False, include_url=False)
    ]
    return Invalid(details=details)
