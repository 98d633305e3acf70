"""The shapes of imports and what they refused."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from workbench.datasets.schemas.definitions import Text
from workbench.datasets.schemas.reading import Reading
from workbench.datasets.schemas.shapes import Label, Name, Shape, View

MAX_KEY = 32  # as many columns as an index of PostgreSQL can have
Mode = Literal["append", "create", "replace", "upsert"]


class ImportOrder(Shape):
    """How a file is to be loaded.

    `append` adds its rows; `create` makes a private dataset from the file first, with `title` and
    `description`; `replace` also deletes the rows that are there; `upsert` deletes those whose
    `key` columns hold the same as a row of the file. An import that refuses more rows than
    `most_rejects`, or a larger share of its rows than `reject_share`, loads none.
    """

    mode: Mode = "append"
    key: list[Name] = Field(default=[], max_length=MAX_KEY)
    reading: Reading = Reading()
    most_rejects: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    reject_share: Annotated[float, Field(ge=0, le=1)] | None = None
    title: Label = ""
    description: Text = ""

    @model_validator(mode="after")
    def _keyed(self) -> Self:
        if (self.mode == "upsert") is not bool(self.key):
            raise ValueError("mode upsert needs a key, and no other mode has one")
        if len(set(self.key)) < len(self.key):
            raise ValueError("the key names a column twice")
        if self.mode != "create" and (self.title or self.description):
            raise ValueError("only mode create takes a title and a description")
        return self


class ImportView(View):
    """How an import stands.

    `progress` lies between 0 and 1, `rows_read` counts refused rows too, and `rows_replaced` those
    that gave way. `has_rejects` tells that the refused rows can be downloaded.
    """

    id: UUID
    dataset: str
    file_name: str
    mode: str
    key: list[str]
    status: str
    attempt: int
    progress: float | None
    rows_read: int
    bytes_read: int
    bytes_total: int
    rows_loaded: int
    rows_replaced: int
    rows_rejected: int
    most_rejects: int | None
    reject_share: float | None
    has_rejects: bool
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    undone_at: datetime | None

    @model_validator(mode="before")
    @classmethod
    def _of_model(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return value
        named = {
            "dataset": value.dataset.definition.name,
            "key": value.key_columns,
            "has_rejects": value.rejects_id is not None,
        }
        return named | {n: getattr(value, n) for n in cls.model_fields if n not in named}


class ImportDetails(ImportView):
    """How an import stands, and how its file is read; of `create` every field is decided."""

    reading: Reading


class RejectView(View):
    """A row that an import refused: where it begins in the file, which cell, and why."""

    line: int
    column_name: str | None
    value: str | None
    reason: str
