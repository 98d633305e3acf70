"""What a visitor asks, as a value that an address can hold; no data."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import param
from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from workbench.datasets.schemas import Condition, Filter, Group, Measure, Shape, Sort, Zone
from workbench.errors import Invalid

Kind = Literal["auto", "bar", "stacked", "line", "heat", "table"]
Order = Literal["auto", "most", "least", "forward", "backward"]

MAX_FIRST = 1000
MAX_BY = 2
MAX_WHERE = 20
MAX_ADDRESS = 20_000
COUNT = Measure(function="count")
WHERE: TypeAdapter[list[Condition]] = TypeAdapter(list[Condition])


class UnreadableLink(Invalid):
    """This link is not one that Workbench wrote; choose anew."""


class Question(Shape):
    """What to show, by what, of which rows, in which order and form.

    `zone` is where times are told; `rows` is the order of the rows behind the figures.
    """

    dataset: str = Field(default="", max_length=100)
    show: Measure = COUNT
    by: list[Group] = Field(default=[], max_length=MAX_BY)
    where: list[Condition] = Field(default=[], max_length=MAX_WHERE)
    order: Order = "auto"
    first: Annotated[int, Field(ge=1, le=MAX_FIRST)] | None = None
    chart: Kind = "auto"
    zone: Zone | None = None
    rows: Sort | None = None

    def but(self, **changes: Any) -> "Question":
        """The same question with some changes, checked."""
        known = {name: getattr(self, name) for name in type(self).model_fields}
        return self.model_validate(known | changes)

    def columns(self) -> set[str]:
        """Every column that the question names."""
        named = {group.column for group in self.by} | {found.column for found in self.where}
        named |= {self.show.column} if self.show.column else set()
        return named | ({self.rows.column} if self.rows else set())


class State(param.Parameterized):
    """The question and the place in the tables, as the controls change them."""

    question = param.ClassSelector(class_=Question, default=Question(), doc="What is asked.")
    cursors = param.List(default=[None], doc="The way through the rows, up to the page shown.")

    def ask(self, question: Question) -> None:
        """Ask something else, from the first page on."""
        self.param.update(question=question, cursors=[None])

    def go_on(self, cursor: str) -> None:
        """Go to the page of rows after the one shown."""
        self.cursors = [*self.cursors, cursor]

    def go_back(self) -> None:
        """Go to the page of rows before the one shown."""
        self.cursors = self.cursors[:-1] or [None]


def write(question: Question) -> str:
    """The question as the query of an address."""
    asked = question
    pairs: list[tuple[str, str]] = [("dataset", asked.dataset)]
    pairs.append(("show", ":".join(filter(None, (asked.show.function, asked.show.column)))))
    for group in asked.by:
        step = group.bucket or (f"{group.width:g}" if group.width else None)
        pairs.append(("by", ":".join(filter(None, (group.column, step)))))
    if asked.where:
        pairs.append(("where", as_json(asked.where)))
    looks = (("order", asked.order), ("chart", asked.chart))
    pairs += [(name, value) for name, value in looks if value != "auto"]
    if asked.first:
        pairs.append(("first", str(asked.first)))
    if asked.zone:
        pairs.append(("zone", asked.zone))
    if asked.rows:
        pairs.append(("rows", f"{'-' if asked.rows.descending else ''}{asked.rows.column}"))
    return urlencode(pairs)


def as_json(conditions: Sequence[Filter]) -> str:
    """Conditions as an address writes them, here and for the API."""
    kept = [condition.model_dump(exclude_defaults=True, by_alias=True) for condition in conditions]
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def read(arguments: Mapping[str, Sequence[str]]) -> Question:
    """Read a question from the parts of an address; raise UnreadableLink for what it cannot be."""
    if sum(len(text) for texts in arguments.values() for text in texts) > MAX_ADDRESS:
        raise UnreadableLink
    try:
        return Question.model_validate(_parts(arguments))
    except (ValidationError, ValueError, RecursionError) as error:
        raise UnreadableLink from error


def is_bare(arguments: Mapping[str, Sequence[str]]) -> bool:
    """Whether an address names a dataset at most, and asks nothing of it."""
    return not set(arguments) - {"dataset"}


def _parts(arguments: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    last = {name: texts[-1] for name, texts in arguments.items() if texts}
    parts: dict[str, Any] = {
        name: last[name] for name in ("dataset", "order", "chart", "zone", "first") if name in last
    }
    if "show" in last:
        function, _, column = last["show"].partition(":")
        parts["show"] = {"function": function, "column": column or None}
    parts["by"] = [_group(text) for text in arguments.get("by", ())]
    if "where" in last:
        parts["where"] = WHERE.validate_json(last["where"])
    if "rows" in last:
        name = last["rows"]
        parts["rows"] = {"column": name.removeprefix("-"), "descending": name.startswith("-")}
    return parts


def _group(text: str) -> dict[str, JsonValue]:
    column, _, step = text.partition(":")
    if not step:
        return {"column": column}
    is_word = step[0].isalpha()
    return {"column": column, "bucket": step} if is_word else {"column": column, "width": step}
