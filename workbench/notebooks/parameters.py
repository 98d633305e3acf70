"""Parameters: values of one kind, and ranges and lists that consist of several."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from workbench.notebooks import older
from workbench.notebooks.kinds import (
    MAX_ITEMS,
    Boolean,
    Choice,
    Column,
    Dataset,
    Date,
    DateTime,
    Integer,
    Kind,
    Number,
    Secret,
    Text,
    Time,
    structure,
)

Ordered = Annotated[Integer | Number | Date | Time | DateTime, Field(discriminator="kind")]
Single = Annotated[
    Text | Choice | Integer | Number | Boolean | Date | Time | DateTime | Dataset | Column | Secret,
    Field(discriminator="kind"),
]


class Range(Kind):
    """From one value to another that is not less, both of them included."""

    kind: Literal["range"] = "range"
    of: Ordered

    def annotation(self) -> Any:
        """Two values in order."""
        each = self.of.annotation()
        pair: Any = tuple
        return Annotated[pair[each, each], AfterValidator(_in_order)]

    def worded(self, text: str) -> JsonValue:
        """`from..to`, or a list in JSON."""
        if text.startswith("["):
            return structure(text)
        return [self.of.worded(part.strip()) for part in text.split("..")]

    def hints(self) -> dict[str, JsonValue]:
        """What each of the two is."""
        return super().hints() | {"of": self.of.hints()}


class ListOf(Kind):
    """Some values of one kind."""

    kind: Literal["list"] = "list"
    of: Single
    least: int = Field(default=0, ge=0)
    most: int = Field(default=100, ge=1, le=MAX_ITEMS)
    unique: bool = False

    def annotation(self) -> Any:
        """A list within its bounds."""
        extra: Any = {"uniqueItems": True} if self.unique else None
        bounds = Field(min_length=self.least, max_length=self.most, json_schema_extra=extra)
        whole: Any = list
        listed: Any = Annotated[whole[self.of.annotation()], bounds]
        return Annotated[listed, AfterValidator(_distinct)] if self.unique else listed

    def worded(self, text: str) -> JsonValue:
        """Values separated by commas, or a list in JSON."""
        if text.startswith("["):
            return structure(text)
        return [self.of.worded(part.strip()) for part in text.split(",") if part.strip()]

    def hints(self) -> dict[str, JsonValue]:
        """What each of them is."""
        return super().hints() | {"of": self.of.hints()}

    @model_validator(mode="before")
    @classmethod
    def _of_older(cls, given: Any) -> Any:
        return older.with_items(given)


Parameter = Annotated[
    Text | Choice | Integer | Number | Boolean | Date | Time | DateTime | Dataset | Column
    | Secret | Range | ListOf,
    Field(discriminator="kind"),
    BeforeValidator(older.declared),
]  # fmt: skip


def parts(kind: Kind) -> Iterator[Kind]:
    """The kind, and what its values consist of."""
    yield kind
    if isinstance(kind, Range | ListOf):
        yield kind.of


def _in_order(pair: Any) -> Any:
    if pair[0] > pair[1]:
        message = "the first is greater than the second"
        raise ValueError(message)
    return pair


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        message = "a value stands there twice"
        raise ValueError(message)
    return values
