"""The shapes of roles and grants, and of the part of a dataset that a grant leaves."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.permissions import Permission

MAX_CHOICES = 1000
MAX_CONDITIONS = 100
MAX_DEPTH = 8

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Value = str | int | float | bool
Mask = Literal["null", "hash", "partial"]
Kind = Literal["dataset", "dashboard", "notebook"]

# What a grant on each kind of target can give.
GRANTABLE: dict[Kind, tuple[Permission, ...]] = {
    "dataset": (
        Permission.DATASET_READ,
        Permission.ROW_EXPORT,
        Permission.ROW_READ,
        Permission.ROW_WRITE,
    ),
    "dashboard": (Permission.DASHBOARD_READ,),
    "notebook": (Permission.NOTEBOOK_READ, Permission.RUN_READ, Permission.RUN_START),
}
# What it gives when nothing else is asked for.
USUAL: dict[Kind, tuple[Permission, ...]] = {
    "dataset": (Permission.DATASET_READ, Permission.ROW_READ),
    "dashboard": GRANTABLE["dashboard"],
    "notebook": GRANTABLE["notebook"],
}


class Shape(BaseModel):
    """A shape that takes no field it does not know."""

    model_config = ConfigDict(extra="forbid")


class Compare(Shape):
    """A column compared with a value, of the column's type as JSON writes it."""

    column: Name
    op: Literal["eq", "ne", "lt", "le", "gt", "ge"]
    value: Value


class OneOf(Shape):
    """A column that has one of several values."""

    column: Name
    op: Literal["in"]
    value: list[Value] = Field(min_length=1, max_length=MAX_CHOICES)


class IsNull(Shape):
    """A column without a value."""

    column: Name
    op: Literal["is_null"]


class All(Shape):
    """Every condition holds."""

    all: "list[Filter]" = Field(min_length=1, max_length=MAX_CONDITIONS)


class AnyOf(Shape):
    """One condition or more holds."""

    any: "list[Filter]" = Field(min_length=1, max_length=MAX_CONDITIONS)


class Not(Shape):
    """The condition does not hold, or cannot be told."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    not_: "Filter" = Field(alias="not")


Filter = Compare | OneOf | IsNull | All | AnyOf | Not


class Part(Shape):
    """Which rows of a dataset a grant shows, and which columns masked; by default, all as it is."""

    filter: Filter | None = None
    masks: dict[Name, Mask] = Field(default_factory=dict, max_length=MAX_CONDITIONS)

    @model_validator(mode="after")
    def _is_small(self) -> Self:
        sizes = list(_conditions(self.filter)) if self.filter else []
        if len(sizes) > MAX_CONDITIONS or max(sizes, default=0) > MAX_DEPTH:
            message = f"a filter has at most {MAX_CONDITIONS} conditions, {MAX_DEPTH} levels deep"
            raise ValueError(message)
        return self

    @property
    def tree(self) -> dict[str, Any] | None:
        """The filter as JSON, as it is kept."""
        return self.filter.model_dump(by_alias=True) if self.filter else None


def _conditions(tree: Filter, depth: int = 1) -> Iterator[int]:
    match tree:
        case All(all=branches) | AnyOf(any=branches):
            for branch in branches:
                yield from _conditions(branch, depth + 1)
        case Not(not_=branch):
            yield from _conditions(branch, depth + 1)
        case _:
            yield depth


class Target(Shape):
    """What a grant is on: a dataset by its id, or a dashboard or notebook by its name."""

    kind: Kind
    dataset_id: UUID | None = None
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,99}$")] | None = None
