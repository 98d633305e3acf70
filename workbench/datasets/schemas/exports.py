"""The shapes of exports."""

from pydantic import Field

from workbench.datasets.schemas.filters import Filters
from workbench.datasets.schemas.rows import Sort
from workbench.datasets.schemas.shapes import Reference, Shape


class RowsExport(Shape):
    """Which rows of a dataset leave, in which order, and which of its columns; none means all."""

    filter: Filters = Field(default=[])
    sort: list[Sort] = Field(default=[], max_length=8)
    columns: list[Reference] = Field(default=[], max_length=1000)
