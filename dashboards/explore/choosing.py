"""From a wish to the next question; each raises Invalid or ValueError for what cannot be asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.explore import asking, words
from dashboards.explore.figures import Field, Opened
from dashboards.explore.state import COUNT, Question
from dashboards.explore.words import Draft
from workbench.datasets.schemas import Condition, Group, Sort
from workbench.errors import Invalid

MAX_TEXT = 2000


def first(opened: Opened) -> Question:
    """What is asked of a dataset that somebody has just opened: how many, from month to month."""
    times = [field for field in opened.own if field.is_time]
    texts = [field for field in opened.own if field.type == "text"]
    by = [Group(column=times[0].name, bucket="month")] if times else []
    if not by and texts:
        by = [Group(column=texts[0].name)]
    return Question(dataset=opened.name, show=COUNT, by=by)


def changed(question: Question, opened: Opened, kind: str, wish: Mapping[str, Any]) -> Question:
    """The question as a wish of the form changes it."""
    match kind:
        case "ask":
            return _form(question, opened, wish["asked"])
        case "filter":
            return _filtered(question, opened, wish)
        case "unfilter":
            at = wish.get("at")
            return question.but(where=[one for n, one in enumerate(question.where) if n != at])
    raise Invalid("This cannot be asked.")


def _form(question: Question, opened: Opened, asked: Mapping[str, Any]) -> Question:
    zone = asked.get("zone") or None
    where = question.where
    if zone != question.zone:
        words.zone_of(zone)
        where = [_moved(opened.fields, found, question.zone, zone) for found in where]
    made = question.but(
        show={"function": asked["function"], "column": asked.get("column") or None},
        by=[_group(each) for each in asked["by"]],
        order=asked["order"],
        first=asked.get("first"),
        chart=asked["chart"],
        zone=zone,
        where=where,
    )
    asking.check(made, opened.fields)
    return made


def _group(asked: Mapping[str, Any]) -> dict[str, Any]:
    step = str(asked.get("step") or "")
    if not step:
        return {"column": asked["column"]}
    kind = "bucket" if step[0].isalpha() else "width"
    return {"column": asked["column"], kind: step}


def _filtered(question: Question, opened: Opened, wish: Mapping[str, Any]) -> Question:
    column, values = str(wish.get("column")), wish.get("values") or []
    if column not in opened.fields:
        raise Invalid(f"This dataset has no column {column}.")
    filled = Draft(column, str(wish.get("word")), tuple(str(v)[:MAX_TEXT] for v in values))
    made = words.condition(opened.fields[column], filled, question.zone)
    where, at = [*question.where], wish.get("at")
    if isinstance(at, int) and 0 <= at < len(where):
        where[at] = made
    else:
        where.append(made)
    return question.but(where=where)


def _moved(
    fields: Mapping[str, Field], found: Condition, zone: str | None, to: str | None
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
