"""The shapes of datasets and their columns."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from workbench.datasets.schemas.shapes import ColumnTypeName, Label, Name, Shape, View


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


class ColumnView(View):
    """A column, as readers see it."""

    name: str
    type: str
    title: str
    unit: str | None


class DatasetView(View):
    """A dataset with its columns, as readers see it.

    `version` rises with every change of the tenant's rows, at the time `changed_at`; a definition
    that belongs to no tenant has neither.
    """

    name: str
    title: str
    description: str
    columns: list[ColumnView]
    created_at: datetime
    version: int | None = None
    changed_at: datetime | None = None

    @classmethod
    def of(cls, dataset: Any) -> Self:
        """Show a Dataset whose definition and columns are loaded."""
        shown = cls.of_definition(dataset.definition)
        change = {"version": dataset.version, "changed_at": dataset.changed_at}
        return shown.model_copy(update=change)

    @classmethod
    def of_definition(cls, definition: Any) -> Self:
        """Show a Definition whose columns are loaded."""
        return cls.model_validate(definition)
