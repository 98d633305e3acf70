"""What the shapes of the room are built on."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
# What a question refers to is looked up among the columns, which says best what is wrong with it. A
# column of a joined dataset is `relation.column`.
Reference = Annotated[str, StringConstraints(min_length=1, max_length=127)]
Label = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
ColumnTypeName = Literal["text", "integer", "number", "boolean", "date", "timestamp"]


class Shape(BaseModel):
    """A shape that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """A shape that leaves the house."""

    model_config = ConfigDict(from_attributes=True)
