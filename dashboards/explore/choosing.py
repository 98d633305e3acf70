"""From a wish to the next question; each raises Invalid or ValueError for what cannot be asked."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from dashboards.explore import asking, figures, words
from dashboards.explore.figures import Opened
from dashboards.explore.state import COUNT, Question
from dashboards.explore.words import Draft
from workbench.datasets.schemas import Condition, Group, Sort
from workbench.errors import Invalid

MAX_TEXT = 2000
MAX_VALUES = 200


class Stepped(BaseModel):
    """A column to group by, and the name of a bucket or the width of bins."""

    column: str
    step: str = ""


class Asked(BaseModel):
    """A question without its filters, as the form sends it."""

    function: str
    column: str | None = None
    by: list[Stepped]
    order: str
    first: int | None = None
    chart: str
    zone: str | None = None


class Filled(BaseModel):
    """A filter as the form sends it; `at` is the place of the one that it replaces."""

    column: str
    word: str
    values: list[Annotated[str, Field(max_length=MAX_TEXT)]] = Field(max_length=MAX_VALUES)
    at: int = -1


def first(opened: Opened) -> Question:
    """What is asked of a dataset that somebody has just opened: how many, from month to month."""
    times = [field for field in opened.own if field.is_time]
    texts = [field for field in opened.own if field.type == "text"]
    by = [Group(column=times[0].name, bucket="month")] if times else []
    if not by and texts:
        by = [Group(column=texts[0].name)]
    return Question(dataset=opened.name, show=COUNT, by=by)


def as_shown(question: Question) -> dict[str, Any]:
    """A question without its filters, as the form shows it."""
    return {
        "dataset": question.dataset,
        "function": question.show.function,
        "column": question.show.column or "",
        "by": [
            {"column": group.column, "step": group.bucket or words.plain(group.width)}
            for group in question.by
        ],
        "order": question.order,
        "first": question.first,
        "chart": question.chart,
        "zone": question.zone,
    }


def changed(question: Question, opened: Opened, kind: str, wish: Mapping[str, Any]) -> Question:
    """The question as a wish of the form changes it."""
    match kind:
        case "ask":
            return _form(question, opened, _asked(question, wish.get("asked")))
        case "filter":
            return _filtered(question, opened, Filled.model_validate(wish))
        case "unfilter":
            at = wish.get("at")
            return question.but(where=[one for n, one in enumerate(question.where) if n != at])
    raise Invalid("This cannot be asked.")


def _asked(question: Question, changed: Any) -> Asked:
    """What the form shows of a question, but for what its visitor has changed."""
    if not isinstance(changed, Mapping):
        raise Invalid("This cannot be asked.")
    return Asked.model_validate(as_shown(question) | dict(changed))


def _form(question: Question, opened: Opened, asked: Asked) -> Question:
    zone, where = asked.zone or None, question.where
    if zone != question.zone:
        words.zone_of(zone)
        where = [_moved(opened.fields, found, question.zone, zone) for found in where]
    made = question.but(
        show={"function": asked.function, "column": asked.column or None},
        by=[_group(each) for each in asked.by],
        order=asked.order,
        first=asked.first,
        chart=asked.chart,
        zone=zone,
        where=where,
    )
    asking.check(made, opened.fields)
    return made


def _group(asked: Stepped) -> dict[str, Any]:
    if not asked.step:
        return {"column": asked.column}
    kind = "bucket" if asked.step[0].isalpha() else "width"
    return {"column": asked.column, kind: asked.step}


def _filtered(question: Question, opened: Opened, filled: Filled) -> Question:
    if filled.column not in opened.fields:
        raise Invalid(f"This dataset has no column {filled.column}.")
    draft = Draft(filled.column, filled.word, tuple(filled.values))
    made = words.condition(opened.fields[filled.column], draft, question.zone)
    where = [*question.where]
    if 0 <= filled.at < len(where):
        where[filled.at] = made
    else:
        where.append(made)
    return question.but(where=where)


def _moved(
    fields: Mapping[str, figures.Field], found: Condition, zone: str | None, to: str | None
) -> Condition:
    """A condition on days and weekdays of one zone as that on those of another."""
    field = fields[found.column]
    filled = words.draft(field, found, zone) if field.type == "timestamp" else None
    return words.condition(field, filled, to) if filled else found


def narrowed(question: Question, more: Sequence[Condition]) -> Question:
    """The question to the rows of a group alone."""
    return question.but(where=[*question.where, *(c for c in more if c not in question.where)])


def sorted_by(question: Question, column: str) -> Question:
    """The groups in the order of a heading, the other way round if it is that already."""
    orders = ("most", "least") if column in ("value", "rows") else ("forward", "backward")
    return question.but(order=orders[1] if question.order == orders[0] else orders[0])


def rows_by(question: Question, column: str) -> Question:
    """The rows in the order of a column, the other way round if it is that already."""
    is_again = question.rows is not None and question.rows.column == column
    descending = is_again and question.rows is not None and not question.rows.descending
    return question.but(rows=Sort(column=column, descending=descending))
