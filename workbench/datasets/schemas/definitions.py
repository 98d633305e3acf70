"""The shapes of datasets and their columns."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from workbench.datasets.schemas.shapes import ColumnTypeName, Label, Name, Shape, View

Text = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
# What the values of a column mean, beyond their type.
Semantic = Literal[
    "category",
    "country",
    "currency",
    "duration",
    "email",
    "identifier",
    "latitude",
    "longitude",
    "money",
    "name",
    "ordinal",
    "percent",
    "phone",
    "place",
    "quantity",
    "url",
]


class NewColumn(Shape):
    """A column of a new dataset, or one that is added."""

    name: Name
    type: ColumnTypeName
    title: Label = ""
    unit: Label | None = None
    description: Text = ""
    semantic: Semantic | None = None


class NewDataset(Shape):
    """A dataset that is to be defined: shared by every tenant, or private to one."""

    name: Name
    title: Label
    description: Text = ""
    columns: list[NewColumn] = Field(min_length=1, max_length=1000)


class DatasetChange(Shape):
    """What is to be changed of a dataset; what is left out stays as it is."""

    name: Name | None = None
    title: Label | None = None
    description: Text | None = None


class ColumnChange(Shape):
    """What is to be changed of a column; what is left out stays as it is.

    A new type that would lose values is refused unless `losing` agrees to it. A dry run changes
    nothing and tells what would be lost.
    """

    name: Name | None = None
    type: ColumnTypeName | None = None
    title: Label | None = None
    unit: Label | None = None
    description: Text | None = None
    semantic: Semantic | None = None
    losing: bool = False
    dry_run: bool = False


class LostValue(View):
    """A value that a new type cannot hold, as a text of at most 200 characters."""

    row_id: int
    value: str


class Losses(View):
    """How many values a new type would lose, or has lost, and some of them.

    Of a shared dataset values of every tenant are counted, and none is shown.
    """

    lost: int
    examples: list[LostValue]


class ColumnView(View):
    """A column, as readers see it."""

    name: str
    type: str
    title: str
    unit: str | None
    description: str
    semantic: str | None


class DatasetView(View):
    """A dataset with its columns, as readers see it.

    `version` rises with every change of the tenant's rows or of the definition, at the time
    `changed_at`; a definition that is shown to the operator has neither. A private dataset is the
    tenant's alone, and `made_by` names the user who made it. `orders` are sort orders
    whose pages are read from an index.
    """

    name: str
    is_private: bool
    made_by: UUID | None
    title: str
    description: str
    columns: list[ColumnView]
    orders: list[str]
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
