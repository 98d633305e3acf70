"""The shapes of questions that group and measure."""

from typing import Literal, Self

from pydantic import Field, model_validator

from workbench.datasets.schemas.filters import Filters, PartOfTime, Zone
from workbench.datasets.schemas.rows import Sort
from workbench.datasets.schemas.shapes import Name, Reference, Shape

MAX_GROUPS = 10_000

Instant = Literal["minute", "hour", "day", "week", "month", "quarter", "year"]
Bucket = Instant | PartOfTime
Plain = Literal["count", "distinct", "count_distinct", "sum", "mean", "min", "max", "median"]
Function = Plain | Literal["quantile", "share", "first", "last"]
ALONE = ("count", "share")  # functions that can do without a column
IN_ORDER = ("first", "last")


class Group(Shape):
    """A column to group by, a time in buckets (of UTC, or of a zone), a number in bins.

    Weekday 0 is Monday; a bin of width 10 is named by its lower end.
    """

    column: Reference
    bucket: Bucket | None = None
    zone: Zone | None = Field(default=None, examples=["America/New_York"])
    width: float | None = Field(default=None, gt=0, le=1e15, allow_inf_nan=False)
    name: Name | None = None

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        if self.bucket is not None and self.width is not None:
            raise ValueError("a column has either buckets or bins")
        if self.zone is not None and self.bucket is None:
            raise ValueError("a zone belongs to a bucket")
        return self


class Measure(Shape):
    """A figure of each group, of the rows that its own filter leaves.

    `count` without a column counts rows. `quantile` takes `q` between 0 and 1. `share` is the part
    that a group has of all groups together, or of those alike in the groups that `within` names:
    of rows, or of the sum of a column. `first` and `last` take the order from the column `by`.
    """

    function: Function
    column: Reference | None = None
    q: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    by: Reference | None = None
    within: list[Reference] = Field(default=[], max_length=8)
    filter: Filters = Field(default=[])
    name: Name | None = None

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.column is None and self.function not in ALONE:
            raise ValueError(f"{self.function} needs a column")
        if (self.q is None) is (self.function == "quantile"):
            raise ValueError("quantile, and no other, needs q")
        if (self.by is None) is (self.function in IN_ORDER):
            raise ValueError("first and last, and no other, need by")
        if self.within and self.function != "share":
            raise ValueError("only a share is within something")
        return self


class Aggregation(Shape):
    """Groups of a dataset's rows and their figures.

    `filter` chooses rows before they are grouped; `having` chooses groups by the names of groups
    and measures, as `sort` orders by them. Shares are of all groups, chosen or not.
    """

    group: list[Group] = Field(default=[], max_length=8)
    measures: list[Measure] = Field(default=[], max_length=50)
    filter: Filters = Field(default=[])
    having: Filters = Field(default=[])
    sort: list[Sort] = Field(default=[], max_length=8)
    limit: int = Field(default=1000, ge=1, le=MAX_GROUPS)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.group and not self.measures:
            raise ValueError("name a group or a measure")
        return self
