"""Declared joins: a dataset with the rows of others that its own rows refer to.

A row meets one row of the other dataset at most, the newest with its key, so that no figure is ever
counted twice. Both sides are read through the actor's own views: who sees part of either sees part
of it here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import FromClause, and_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql.selectable import Subquery

from workbench.actor import Actor
from workbench.datasets import tables
from workbench.datasets.models import Dataset, Relation
from workbench.datasets.schemas import Aggregation

DOT = "."


@dataclass(frozen=True, slots=True)
class Join:
    """A relation, and the dataset of the actor's tenant that it leads to."""

    relation: Relation
    dataset: Dataset


def fits(dataset: Dataset, join: Join) -> bool:
    """Whether both sides still have the columns of a join, of the same types."""
    own, other = tables.types(dataset.definition), tables.types(join.dataset.definition)
    pairs = zip(join.relation.columns, join.relation.target_columns, strict=True)
    return all(a in own and own[a] == other.get(b) for a, b in pairs)


def named(question: Aggregation) -> set[str]:
    """The columns that a question names, of the dataset and of those that are joined."""
    asked = question.model_dump(include={"group", "measures", "filter"}, by_alias=True)
    return set(_columns(asked))


def relations(question: Aggregation) -> set[str]:
    """The relations that a question names."""
    return {name.partition(DOT)[0] for name in named(question) if DOT in name}


def _columns(asked: Any) -> Iterable[str]:
    if isinstance(asked, Mapping):
        for key, value in asked.items():
            if key in ("column", "by") and isinstance(value, str):
                yield value
            else:
                yield from _columns(value)
    elif isinstance(asked, list):
        for each in asked:
            yield from _columns(each)


def source(
    actor: Actor, dataset: Dataset, question: Aggregation, joins: Sequence[Join]
) -> tuple[FromClause, dict[str, str]]:
    """What a question is asked of, with its columns by name, and the type of each."""
    view, types = tables.view(actor, dataset.definition), tables.types(dataset.definition)
    if not joins:
        return view, types
    wanted = {name.partition(DOT)[::2] for name in named(question) if DOT in name}
    joined: FromClause = view
    columns: list[Any] = list(view.c)
    for join in joins:
        known = tables.types(join.dataset.definition)
        name = join.relation.name
        asked = sorted(column for relation, column in wanted if relation == name)
        shown = [column for column in asked if column in known]
        types |= {f"{name}{DOT}{column}": known[column] for column in shown}
        other = _newest(actor, join, shown)
        pairs = zip(join.relation.columns, join.relation.target_columns, strict=True)
        joined = joined.outerjoin(
            other, and_(*(view.c[a] == other.c[f"key_{b}"] for a, b in pairs))
        )
        columns += [other.c[column].label(f"{name}{DOT}{column}") for column in shown]
    return select(*columns).select_from(joined).subquery("joined"), types


def _newest(actor: Actor, join: Join, shown: Sequence[str]) -> Subquery:
    """The other dataset, with one row for each key."""
    view = tables.view(actor, join.dataset.definition)
    keys = [view.c[name] for name in join.relation.target_columns]
    return (
        select(*(key.label(f"key_{key.name}") for key in keys), *(view.c[name] for name in shown))
        .ext(distinct_on(*keys))
        .order_by(*keys, view.c[tables.ROW_ID].desc())
        .subquery(f"of_{join.relation.name}")
    )
