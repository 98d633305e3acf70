"""The shapes of questions that group and measure."""

from typing import Literal, Self

from pydantic import Field, model_validator

from workbench.datasets.schemas.filters import Filters
from workbench.datasets.schemas.rows import Sort
from workbench.datasets.schemas.shapes import Name, Reference, Shape

MAX_GROUPS = 10_000

Bucket = Literal["hour", "day", "week", "month", "year", "weekday", "hour_of_day"]
Function = Literal["count", "count_distinct", "sum", "mean", "min", "max", "median"]


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
    filter: Filters = Field(default=[])
    sort: list[Sort] = Field(default=[], max_length=8)
    limit: int = Field(default=1000, ge=1, le=MAX_GROUPS)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.group and not self.measures:
            raise ValueError("name a group or a measure")
        return self
