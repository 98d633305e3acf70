"""The shapes of filters: conditions on columns, and what joins them."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    StringConstraints,
    Tag,
    model_validator,
)

from workbench.datasets.schemas.shapes import Reference, Shape

MAX_FILTERS = 50
MAX_CONDITIONS = 100
MAX_DEPTH = 8
MAX_SEARCH = 200

Operator = Literal[
    "eq", "ne", "lt", "le", "gt", "ge", "between", "in", "is_null", "prefix", "contains"
]
PartOfTime = Literal["weekday", "hour_of_day", "month_of_year"]
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$")]


class Condition(Shape):
    """A condition on one column.

    Comparisons leave rows without a value out; `is_null` takes true (the default) or false, `in` a
    list, `between` the first and the last value, `prefix` the beginning of a text, `contains` a
    piece of it in capitals or not. With a `bucket` the condition is on a part of a time, as groups
    know it: a weekday (0 is Monday), an hour or a month, of UTC or of a zone.
    """

    column: Reference
    op: Operator
    value: JsonValue = None
    bucket: PartOfTime | None = None
    zone: Zone | None = Field(default=None, examples=["America/New_York"])

    @model_validator(mode="after")
    def _has_a_bucket_for_its_zone(self) -> Self:
        if self.zone is not None and self.bucket is None:
            raise ValueError("a zone belongs to a bucket")
        return self


class Search(Shape):
    """A piece of text in any of the columns of text, in capitals or not."""

    search: str = Field(min_length=1, max_length=MAX_SEARCH)


class Among(Shape):
    """What a search means for rows that are known: one of these texts in one of their columns.

    No order has it; `searching.py` puts it in the place of a search.
    """

    texts: dict[str, list[str]]


class AllOf(Shape):
    """Every one holds."""

    all: "list[Filter]" = Field(min_length=1, max_length=MAX_CONDITIONS)


class AnyOf(Shape):
    """One holds, or more."""

    any: "list[Filter]" = Field(min_length=1, max_length=MAX_CONDITIONS)


class Not(Shape):
    """It does not hold, or cannot be told, as where there is no value."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    not_: "Filter" = Field(alias="not")


JOINTS: dict[str, type[Shape]] = {"all": AllOf, "any": AnyOf, "not": Not, "search": Search}


def _form(value: Any) -> str:
    """Which shape is meant, so that an error speaks of that one alone."""
    for name, shape in JOINTS.items():
        if isinstance(value, shape) or (isinstance(value, dict) and name in value):
            return name
    return "condition"


Filter = Annotated[
    Annotated[Condition, Tag("condition")]
    | Annotated[Search, Tag("search")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")],
    Discriminator(_form),
]


def _small(filters: list[Filter]) -> list[Filter]:
    depths = list(_depths(filters, 1))
    if len(depths) > MAX_CONDITIONS or max(depths, default=0) > MAX_DEPTH:
        message = f"a filter has at most {MAX_CONDITIONS} conditions, {MAX_DEPTH} levels deep"
        raise ValueError(message)
    return filters


def _depths(filters: Sequence[Filter], depth: int) -> Iterator[int]:
    for found in filters:
        match found:
            case AllOf(all=branches) | AnyOf(any=branches):
                yield from _depths(branches, depth + 1)
            case Not(not_=branch):
                yield from _depths([branch], depth + 1)
            case _:
                yield depth


# All of them must hold.
Filters = Annotated[list[Filter], Field(max_length=MAX_FILTERS), AfterValidator(_small)]
