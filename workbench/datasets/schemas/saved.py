"""The shapes of saved queries."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from workbench.datasets.schemas.shapes import ColumnTypeName, Label, Name, Shape, View

MAX_SQL = 20_000
MAX_PARAMETERS = 50
Title = Annotated[Label, Field(min_length=1)]
Description = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
Sql = Annotated[str, Field(min_length=1, max_length=MAX_SQL, pattern=r"^[^\x00]*$")]
Default = (
    Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")] | int | float | bool | None
)


class Parameter(Shape):
    """What a saved query asks for; one without a default must be given."""

    type: ColumnTypeName
    default: Default = None
    is_required: bool = True

    @model_validator(mode="after")
    def _has_a_default_or_needs_none(self) -> Self:
        if self.is_required and self.default is not None:
            raise ValueError("what has a default is not required: is_required is false")
        return self


Parameters = Annotated[dict[Name, Parameter], Field(max_length=MAX_PARAMETERS)]


class NewSavedQuery(Shape):
    """A statement that is to be kept; `is_shared` shows it to everybody in the tenant."""

    name: Title = Field(examples=["Late flights of a day"])
    sql: Sql = Field(examples=["select * from flights where time_hour >= :since limit 100"])
    parameters: Parameters = Field(default={}, examples=[{"since": {"type": "timestamp"}}])
    description: Description = ""
    is_shared: bool = False


class SavedQueryChange(Shape):
    """What is to be different; what is left out stays."""

    name: Title | None = None
    sql: Sql | None = None
    parameters: Parameters | None = None
    description: Description | None = None
    is_shared: bool | None = None


class SavedQueryView(View):
    """A saved query; who runs it sees what he may see himself."""

    id: UUID
    name: str
    sql: str
    parameters: dict[str, Parameter]
    description: str
    is_shared: bool
    made_by: UUID
    created_at: datetime
    changed_at: datetime


class StatementView(View):
    """A statement that ran or runs: `outcome` is null while it does."""

    id: UUID
    sql: str
    parameters: dict[str, Any]
    saved_query_id: UUID | None
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    rows: int | None
    elapsed_ms: float | None
