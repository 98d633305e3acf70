"""What is known of a dataset, and what was answered, as the store hands them to the views."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.explore.state import Question
from workbench.datasets.schemas import Group

INSTANTS = ("minute", "hour", "day", "week", "month", "quarter", "year")
NUMBERS = ("integer", "number")
TIMES = ("date", "timestamp")


@dataclass(frozen=True, slots=True)
class Field:
    """A column that can be asked about; `family` says which joined dataset it is of, if any."""

    name: str
    title: str
    type: str
    unit: str = ""
    semantic: str = ""
    family: str = ""

    @property
    def full_title(self) -> str:
        """The title, with the joined dataset before it."""
        return f"{self.family}: {self.title}" if self.family else self.title

    @property
    def is_number(self) -> bool:
        """Whether values can be summed."""
        return self.type in NUMBERS

    @property
    def is_time(self) -> bool:
        """Whether values fall into months and weekdays."""
        return self.type in TIMES


@dataclass(frozen=True, slots=True)
class Known:
    """A dataset that the visitor can choose."""

    name: str
    title: str
    description: str
    is_private: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A dataset with all that can be asked about; `own` are the columns of its own rows."""

    name: str
    title: str
    fields: Mapping[str, Field]
    may_export: bool

    @property
    def own(self) -> list[Field]:
        """The columns of the dataset itself."""
        return [field for field in self.fields.values() if not field.family]


@dataclass(frozen=True, slots=True)
class Cell:
    """A group: its key, its figure, and how many rows it is of."""

    key: tuple[Any, ...]
    value: Any
    rows: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The figure of all rows, and those of the groups; `is_cut` says that there are more."""

    value: Any
    rows: int
    cells: Sequence[Cell]
    is_cut: bool


def is_instant(group: Group) -> bool:
    """Whether a group is a stretch of time, so that one follows another."""
    return group.bucket in INSTANTS


def is_ordered(group: Group, field: Field) -> bool:
    """Whether the values of a group have an order of their own that people expect."""
    return group.bucket is not None or group.width is not None or field.is_time


def kind_of(question: Question, fields: Mapping[str, Field]) -> str:
    """The kind of drawing: the chosen one where it fits, or what suits the question."""
    groups = question.by
    fitting = {
        0: ("none",),
        1: ("bar", "line", "table"),
        2: ("stacked", "heat", "line", "bar", "table"),
    }[len(groups)]
    if question.chart in fitting:
        return question.chart
    if not groups:
        return "none"
    if any(is_instant(group) or _is_plain_time(group, fields) for group in groups):
        return "line"
    if len(groups) == 1:
        return "bar"
    return "stacked" if question.show.function in ("count", "sum", "share") else "heat"


def _is_plain_time(group: Group, fields: Mapping[str, Field]) -> bool:
    return group.bucket is None and fields[group.column].is_time
