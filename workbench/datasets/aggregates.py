"""From groups and measures to SQL; times fall into buckets of UTC, weeks begin on Monday."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, select

from workbench.datasets import conditions
from workbench.datasets.errors import refuse
from workbench.datasets.groups import group
from workbench.datasets.measures import measure
from workbench.datasets.schemas import Aggregation, Sort


def statement(view: FromClause, types: Mapping[str, str], aggregation: Aggregation) -> Select[Any]:
    """The aggregation as SQL, its columns named as the aggregation names them."""
    groups = [
        group(view, types, wanted, f"group[{position}]")
        for position, wanted in enumerate(aggregation.group)
    ]
    levels = {label.name: label for label, _ in groups}
    measures = [
        measure(view, types, wanted, levels, f"measures[{position}]")
        for position, wanted in enumerate(aggregation.measures)
    ]
    answers = {label.name: label for label, _ in (*groups, *measures)}
    if len(answers) < len(groups) + len(measures):
        raise refuse("measures", "two answers have the same name; give one another name")
    found: Select[Any] = (
        select(*answers.values())
        .select_from(view)
        .where(*conditions.where(view, types, aggregation.filter))
        .group_by(*(label.element for label in levels.values()))
    )
    elements: Mapping[str, ColumnElement[Any]] = {n: a.element for n, a in answers.items()}
    if aggregation.having:
        # Around the whole, so that shares are of all groups and not only of those that are chosen.
        inner = found.subquery("answers")
        kinds = {label.name: kind for label, kind in (*groups, *measures)}
        chosen = conditions.where(inner, kinds, aggregation.having, "having")
        found, elements = select(inner).where(*chosen), dict(inner.c.items())
    order = _order(elements, [*levels], aggregation.sort)
    return found.order_by(*order).limit(aggregation.limit)


def _order(
    answers: Mapping[str, ColumnElement[Any]], groups: list[str], sort: list[Sort]
) -> list[ColumnElement[Any]]:
    order: list[ColumnElement[Any]] = []
    for position, entry in enumerate(sort):
        if entry.column not in answers:
            raise refuse(f"sort[{position}].column", "is neither a group nor a measure")
        answer = answers[entry.column]
        order.append((answer.desc() if entry.descending else answer.asc()).nulls_last())
    sorted_by = {entry.column for entry in sort}
    return order + [answers[name].asc().nulls_last() for name in groups if name not in sorted_by]
