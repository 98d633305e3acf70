"""The shapes of questions to rows, and of rows to add."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field, JsonValue

from workbench.datasets.schemas.filters import Filters
from workbench.datasets.schemas.shapes import Reference, Shape, View
from workbench.db.pages import DEFAULT_LIMIT, MAX_LIMIT

MAX_NEW_ROWS = 1000


class Sort(Shape):
    """One column to sort by; rows without a value come last either way."""

    column: Reference
    descending: bool = False


class NewOrder(Shape):
    """An order of rows that an index is to keep."""

    sort: list[Sort] = Field(min_length=1, max_length=3)


class RowsQuery(Shape):
    """Which rows of a dataset, in which order, from where on and how many."""

    filter: Filters = Field(default=[])
    sort: list[Sort] = Field(default=[], max_length=8)
    cursor: str | None = Field(default=None, max_length=100_000)
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)


class NewRows(Shape):
    """Rows to add, each an object of column names and values."""

    rows: list[dict[str, JsonValue]] = Field(min_length=1, max_length=MAX_NEW_ROWS)


class RowChange(Shape):
    """New values of a row; a column not named keeps its own."""

    values: dict[str, JsonValue] = Field(min_length=1, max_length=1000)


class Deletion(Shape):
    """Which rows to delete: with `expected`, only if just so many match; `dry_run` only counts."""

    filter: Filters = Field(min_length=1)
    expected: int | None = Field(default=None, ge=0)
    dry_run: bool = False


class DeletedRow(View):
    """A deleted row: who deleted it and when, and the deletion where it went with others."""

    row: dict[str, Any]
    deleted_at: datetime
    deleted_by: str | None
    deletion: UUID | None


class Restoration(Shape):
    """Which deletion to take back."""

    deletion: UUID
