"""The form of a question: what people choose, passed on as wishes that the server judges."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode
from zoneinfo import available_timezones

import param
from panel.custom import JSComponent

from dashboards.explore import words
from dashboards.explore.choosing import as_shown
from dashboards.explore.figures import Field, Known, Opened
from dashboards.explore.state import Question, as_json, write
from dashboards.explore.views import texts
from workbench.datasets.schemas import Filter

HERE = Path(__file__).parent
# What is measured, how people say it, and of which columns.
FUNCTIONS = (
    ("count", "Number of rows", "none"),
    ("mean", "Mean of", "number"),
    ("median", "Median of", "number"),
    ("sum", "Sum of", "number"),
    ("min", "Smallest", "ordered"),
    ("max", "Largest", "ordered"),
    ("distinct", "Different values of", "any"),
    ("share", "Share of", "number"),
)
ORDERS = (
    ("auto", "as suits best"),
    ("most", "largest first"),
    ("least", "smallest first"),
    ("forward", "by group"),
    ("backward", "by group, backwards"),
)
KINDS = (
    ("auto", "what suits best"),
    ("bar", "Bars"),
    ("stacked", "Stacked bars"),
    ("line", "Line"),
    ("heat", "Heat map"),
    ("table", "Table only"),
)
DAYS = (
    *(("month", "by month"), ("year", "by year"), ("quarter", "by quarter")),
    *(("week", "by week"), ("day", "by day")),
    *(("weekday", "by weekday"), ("month_of_year", "by month of the year")),
)
BINS = ("1", "2", "5", "10", "15", "20", "50", "100", "200", "500", "1000", "10000", "100000")
NUMBERS = (("", "each value"), *((width, f"in steps of {int(width):,}") for width in BINS))
STEPS: dict[str, Any] = {
    "date": [*DAYS, ("", "each day there is")],
    "timestamp": [*DAYS, ("hour", "by hour"), ("hour_of_day", "by hour of the day")],
    "integer": NUMBERS,
    "number": NUMBERS,
}
WORDS = {kind: [asdict(word) for word in known] for kind, known in words.WORDS.items()}
CHOICES = {name: list(said) for name, said in words.CHOICES.items()}
Wish = Callable[[Mapping[str, Any]], Awaitable[None]]


class Form(JSComponent):
    """All controls of a question in one piece, so that no choice makes a model."""

    datasets = param.List(default=[], doc="The datasets to choose from.")
    fields = param.List(default=[], doc="The columns to choose from.")
    asked = param.Dict(default={}, doc="The question without its filters.")
    chips = param.List(default=[], doc="The filters in words, and as they were filled in.")
    suggestions = param.Dict(default={"column": "", "values": []}, doc="Frequent texts.")
    leaving = param.Dict(default={}, doc="Links to files of the rows.")
    address = param.String(default="", doc="The query of the page's address.")
    said = param.String(default="", doc="What was wrong with the last wish.")
    is_dark = param.Boolean(default=False, doc="Whether the page is dark.")
    functions = param.List(
        default=[dict(zip(("key", "label", "of"), f, strict=True)) for f in FUNCTIONS]
    )
    orders = param.List(default=list(ORDERS))
    kinds = param.List(default=list(KINDS))
    steps = param.Dict(default=STEPS)
    words = param.Dict(default=WORDS)
    choices = param.Dict(default=CHOICES)
    zones = param.List(default=[])

    _esm = HERE / "form.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "form.css").read_text()]

    @classmethod
    def of(cls, on_wish: Wish, *, is_dark: bool) -> "Form":
        """Make a form that passes on what its visitor wishes."""
        zones = sorted(name for name in available_timezones() if "/" in name)
        form = cls(
            asked=as_shown(Question()), zones=zones, is_dark=is_dark, sizing_mode="stretch_width"
        )

        async def wish(message: Any) -> None:
            if isinstance(message.data, dict):
                await on_wish(message.data)

        form.on_msg(wish)
        return form

    def offer(self, datasets: Sequence[Known]) -> None:
        """Offer these datasets."""
        self.datasets = [asdict(dataset) for dataset in datasets]

    def pose(self, question: Question, opened: Opened, filters: Sequence[Filter]) -> None:
        """Show a question of a dataset; `filters` choose the rows that a file would have."""
        self.param.update(
            fields=[_shown(field) for field in opened.fields.values()],
            asked=as_shown(question),
            chips=[_chip(opened.fields, found, question.zone) for found in question.where],
            leaving=leaving(opened, question, filters),
            address=write(question),
            said="",
        )


def leaving(opened: Opened, question: Question, filters: Sequence[Filter]) -> dict[str, str]:
    """The addresses of files with the rows behind a question."""
    if not opened.may_export:
        return {"csv": "", "parquet": "", "note": "Your role does not let rows leave as files."}
    pairs = [("filter", as_json(filters))] if filters else []
    if question.rows:
        pairs.append(("sort", f"{'-' * question.rows.descending}{question.rows.column}"))
    start = f"/api/v1/datasets/{opened.name}/export?"
    links = {name: start + urlencode([("format", name), *pairs]) for name in ("csv", "parquet")}
    return {**links, "note": "Files hold the rows that the filters choose."}


def _shown(field: Field) -> dict[str, Any]:
    is_measure = field.is_number and bool(field.unit or field.semantic in ("money", "quantity"))
    return {
        "name": field.name,
        "title": field.title,
        "family": field.family,
        "type": field.type,
        "is_number": field.is_number,
        "is_measure": is_measure,
    }


def _chip(fields: Mapping[str, Field], found: Any, zone: str | None) -> dict[str, Any]:
    field = fields[found.column]
    filled = words.draft(field, found, zone)
    return {
        "text": texts.condition(field, found, zone),
        "column": found.column,
        "word": filled.word if filled else "",
        "values": list(filled.values) if filled else [],
    }
