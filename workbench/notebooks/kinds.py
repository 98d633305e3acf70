"""The kinds of parameters: each says which values are allowed, and how a text in a shell is read.

A kind yields an annotation; Pydantic makes of it the check and the JSON Schema, so that the two
cannot differ. Values are plain JSON: dates and times are text there, and nothing is null.
"""

import json
from abc import ABC, abstractmethod
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    StrictInt,
    StrictStr,
)

NAME = r"^[a-z][a-z0-9_]{0,62}$"
MAX_ITEMS = 1000
SWITCHES = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(
    ("false", "no", "off", "0"), False
)
ColumnType = Literal["text", "integer", "number", "boolean", "date", "timestamp"]
Name = Annotated[str, Field(pattern=NAME)]


class Kind(BaseModel, ABC):
    """What every kind declares."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    title: str | None = Field(default=None, min_length=1, max_length=120)
    description: str = Field(default="", max_length=2000)
    unit: str | None = Field(default=None, max_length=20)
    optional: bool = False
    default: JsonValue = None

    @abstractmethod
    def annotation(self) -> Any:
        """The type of its values, without None."""

    def worded(self, text: str) -> JsonValue:
        """The value that a text in a shell stands for; what it cannot be is left to the check."""
        return text

    def read(self, text: str) -> JsonValue:
        """The same, where `null` stands for nothing if the parameter is optional."""
        return None if self.optional and text == "null" else self.worded(text)

    def hints(self) -> dict[str, JsonValue]:
        """What a form knows beyond JSON Schema."""
        kind: dict[str, JsonValue] = {"kind": self.kind}
        return kind if self.unit is None else kind | {"unit": self.unit}


class Text(Kind):
    """Any text, or one that matches a pattern."""

    kind: Literal["text"] = "text"
    pattern: str | None = None
    min_length: int | None = Field(default=None, ge=0)
    max_length: int | None = Field(default=None, ge=0)

    def annotation(self) -> Any:
        """Text within its bounds."""
        bounds = Field(pattern=self.pattern, min_length=self.min_length, max_length=self.max_length)
        return Annotated[str, bounds]


class Choice(Kind):
    """One of some texts or whole numbers."""

    kind: Literal["choice"] = "choice"
    choices: tuple[StrictStr | StrictInt, ...] = Field(min_length=1, max_length=MAX_ITEMS)

    def annotation(self) -> Any:
        """A literal."""
        return one_of(self.choices)

    def worded(self, text: str) -> JsonValue:
        """The choice that is written like this."""
        return next((choice for choice in self.choices if str(choice) == text), text)


class _Number(Kind):
    def worded(self, text: str) -> JsonValue:
        """The number that stands there."""
        return number(text)


class Integer(_Number):
    """A whole number; JSON knows one kind of number, so 3.0 is one too."""

    kind: Literal["integer"] = "integer"
    minimum: int | None = None
    maximum: int | None = None

    def annotation(self) -> Any:
        """A whole number within its bounds."""
        return Annotated[int, _bounds(self), BeforeValidator(_whole)]


class Number(_Number):
    """A number."""

    kind: Literal["number"] = "number"
    minimum: FiniteFloat | None = None
    maximum: FiniteFloat | None = None

    def annotation(self) -> Any:
        """A number within its bounds."""
        return Annotated[FiniteFloat, _bounds(self)]


class Boolean(Kind):
    """Yes or no."""

    kind: Literal["boolean"] = "boolean"

    def annotation(self) -> Any:
        """True or False."""
        return bool

    def worded(self, text: str) -> JsonValue:
        """True, yes, on, 1, or their opposites."""
        return SWITCHES.get(text.lower(), text)


class _Moment(Kind):
    def hints(self) -> dict[str, JsonValue]:
        """Its bounds as well, for which JSON Schema has no words."""
        bounds = self.model_dump(mode="json", include={"minimum", "maximum"}, exclude_none=True)
        return super().hints() | bounds


class Date(_Moment):
    """A day."""

    kind: Literal["date"] = "date"
    minimum: date | None = None
    maximum: date | None = None

    def annotation(self) -> Any:
        """A day within its bounds."""
        return Annotated[date, _bounds(self)]


class Time(_Moment):
    """A time of the day, of no zone."""

    kind: Literal["time"] = "time"
    minimum: time | None = None
    maximum: time | None = None

    def annotation(self) -> Any:
        """A time within its bounds."""
        return Annotated[time, _bounds(self), AfterValidator(_without_zone)]


class DateTime(_Moment):
    """A moment, with its zone."""

    kind: Literal["datetime"] = "datetime"
    minimum: AwareDatetime | None = None
    maximum: AwareDatetime | None = None

    def annotation(self) -> Any:
        """A moment within its bounds."""
        return Annotated[AwareDatetime, _bounds(self), BeforeValidator(_written)]


class Dataset(Kind):
    """A dataset that whoever starts the run can read."""

    kind: Literal["dataset"] = "dataset"

    def annotation(self) -> Any:
        """A dataset's name."""
        return Name


class Column(Kind):
    """A column of the dataset that another parameter names, perhaps of some types only."""

    kind: Literal["column"] = "column"
    dataset: Name
    types: tuple[ColumnType, ...] = ()

    def annotation(self) -> Any:
        """A column's name."""
        return Name

    def hints(self) -> dict[str, JsonValue]:
        """Whose column it is, and which will do."""
        kept: dict[str, JsonValue] = {"dataset": self.dataset}
        return super().hints() | kept | ({"types": list(self.types)} if self.types else {})


class Secret(Kind):
    """The name of one of the secrets that the notebook declares; never its value."""

    kind: Literal["secret"] = "secret"
    choices: tuple[Name, ...] = Field(min_length=1)

    def annotation(self) -> Any:
        """A secret's name."""
        return one_of(self.choices)


def one_of(choices: tuple[str | int, ...]) -> Any:
    """The type whose values are the choices."""
    return cast("Any", Literal)[choices]


def number(text: str) -> JsonValue:
    """The number that a text is in JSON, or the text."""
    value = structure(text)
    return text if isinstance(value, bool) or not isinstance(value, int | float) else value


def structure(text: str) -> JsonValue:
    """What a text is in JSON, or the text."""
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return value


def _bounds(kind: Any) -> Any:
    return Field(ge=kind.minimum, le=kind.maximum)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _without_zone(value: time) -> time:
    if value.tzinfo is not None:
        message = "write a time without a zone, as 08:30"
        raise ValueError(message)
    return value


def _written(value: Any) -> Any:
    """A moment that is written as a date and a time: Pydantic takes seconds since 1970 as well."""
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        message = "write a moment as 2013-06-01T08:30:00Z"
        raise ValueError(message) from error


def _refuse(_word: str) -> Any:
    raise ValueError
