"""The shapes of questions to rows, and of rows to add."""

from typing import Literal

from pydantic import Field, JsonValue

from workbench.datasets.schemas.shapes import Reference, Shape
from workbench.db.pages import DEFAULT_LIMIT, MAX_LIMIT

MAX_NEW_ROWS = 1000

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "is_null", "prefix"]


class Condition(Shape):
    """A condition on one column.

    Comparisons leave rows without a value out; `is_null` takes true (the default) or false,
    `in` a list, `prefix` the beginning of a text.
    """

    column: Reference
    op: Operator
    value: JsonValue = None


class Sort(Shape):
    """One column to sort by; rows without a value come last either way."""

    column: Reference
    descending: bool = False


class RowsQuery(Shape):
    """Which rows of a dataset, in which order, from where on and how many."""

    filter: list[Condition] = Field(default=[], max_length=50)
    sort: list[Sort] = Field(default=[], max_length=8)
    cursor: str | None = Field(default=None, max_length=100_000)
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)


class NewRows(Shape):
    """Rows to add, each an object of column names and values."""

    rows: list[dict[str, JsonValue]] = Field(min_length=1, max_length=MAX_NEW_ROWS)
