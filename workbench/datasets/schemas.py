"""The shapes of datasets, their rows, questions to them, and imports."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from workbench.db.pages import DEFAULT_LIMIT, MAX_LIMIT

MAX_GROUPS = 10_000
MAX_NEW_ROWS = 1000

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
# What a question refers to is looked up among the columns, which says best what is wrong with it.
Reference = Annotated[str, StringConstraints(min_length=1, max_length=63)]
Label = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
ColumnTypeName = Literal["text", "integer", "number", "boolean", "date", "timestamp"]
Bucket = Literal["hour", "day", "week", "month", "year", "weekday", "hour_of_day"]
Function = Literal["count", "count_distinct", "sum", "mean", "min", "max", "median"]
Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "is_null", "prefix"]


class Shape(BaseModel):
    """A shape that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """A shape that leaves the house."""

    model_config = ConfigDict(from_attributes=True)


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


class Group(Shape):
    """A column to group by, a time in buckets (UTC); weekday 0 is Monday."""

    column: Reference
    bucket: Bucket | None = None
    name: Name | None = None


class Measure(Shape):
    """A figure of each group; `count` without a column counts rows."""

    function: Function
    column: Reference | None = None
    name: Name | None = None

    @model_validator(mode="after")
    def _has_column(self) -> Self:
        if self.column is None and self.function != "count":
            raise ValueError(f"{self.function} needs a column")
        return self


class Aggregation(Shape):
    """Groups of a dataset's rows and their figures; sort names groups and measures."""

    group: list[Group] = Field(default=[], max_length=8)
    measures: list[Measure] = Field(default=[], max_length=50)
    filter: list[Condition] = Field(default=[], max_length=50)
    sort: list[Sort] = Field(default=[], max_length=8)
    limit: int = Field(default=1000, ge=1, le=MAX_GROUPS)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.group and not self.measures:
            raise ValueError("name a group or a measure")
        return self


class NewColumn(Shape):
    """A column of a new dataset."""

    name: Name
    type: ColumnTypeName
    title: Label = ""
    unit: Label | None = None


class NewDataset(Shape):
    """A shared dataset that is to be defined for every tenant."""

    name: Name
    title: Label
    description: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    columns: list[NewColumn] = Field(min_length=1, max_length=1000)


class NewRows(Shape):
    """Rows to add, each an object of column names and values."""

    rows: list[dict[str, JsonValue]] = Field(min_length=1, max_length=MAX_NEW_ROWS)


class ColumnView(View):
    """A column, as readers see it."""

    name: str
    type: str
    title: str
    unit: str | None


class DatasetView(View):
    """A dataset with its columns, as readers see it."""

    name: str
    title: str
    description: str
    columns: list[ColumnView]
    created_at: datetime

    @classmethod
    def of(cls, dataset: Any) -> Self:
        """Show a Dataset whose definition and columns are loaded."""
        return cls.of_definition(dataset.definition)

    @classmethod
    def of_definition(cls, definition: Any) -> Self:
        """Show a Definition whose columns are loaded."""
        return cls.model_validate(definition)


class ImportView(View):
    """How an import stands."""

    id: UUID
    dataset: str
    file_name: str
    status: str
    rows_loaded: int
    rows_rejected: int
    error: str | None
    created_at: datetime
    finished_at: datetime | None

    @model_validator(mode="before")
    @classmethod
    def _name_dataset(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return value
        fields = {name: getattr(value, name) for name in cls.model_fields if name != "dataset"}
        return fields | {"dataset": value.dataset.definition.name}


class RejectView(View):
    """A row that an import refused: where it begins in the file, which cell, and why."""

    line: int
    column_name: str | None
    value: str | None
    reason: str
