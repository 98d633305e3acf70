"""The shapes of imports and what they refused."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import model_validator

from workbench.datasets.schemas.shapes import View


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
