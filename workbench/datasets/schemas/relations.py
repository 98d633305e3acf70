"""The shapes of declared joins."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from workbench.datasets.schemas.shapes import Name, Shape, View

MAX_COLUMNS = 8
Columns = Annotated[list[Name], Field(min_length=1, max_length=MAX_COLUMNS)]


class NewRelation(Shape):
    """A join that is to be declared: `columns` equal `target_columns` of the other dataset."""

    name: Name = Field(examples=["dest"])
    columns: Columns = Field(examples=[["dest"]])
    target: Name = Field(examples=["airports"])
    target_columns: Columns = Field(examples=[["faa"]])

    @model_validator(mode="after")
    def _has_pairs(self) -> Self:
        if len(self.columns) != len(self.target_columns):
            raise ValueError("columns and target_columns are pairs")
        return self


class RelationView(View):
    """A declared join; a question names its columns as `name.column`."""

    name: str
    columns: list[str]
    target: str
    target_columns: list[str]
