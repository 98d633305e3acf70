"""Answers that are kept for as long as they are true, and shown to those alone who see the same.

An answer belongs to a tenant, to the version of each dataset that it was made of, and to the whole
of each or the one lens through which it was seen. The versions are read under the actor's own
token, in the transaction that would ask anew: whoever may not look any more gets none. One rises in
the transaction that changes rows, so an answer may be newer than the version that it is kept under,
never older; and nobody who comes later asks for that version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cachetools import LRUCache
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import joins, queries
from workbench.datasets.errors import DatasetNotFound
from workbench.datasets.joins import Join
from workbench.datasets.models import Dataset
from workbench.datasets.schemas import Aggregation

MOST_BYTES = 64 * 1024 * 1024
CELL = 100  # bytes that a cell takes, about
ENTRY = 2000  # and what an answer takes besides


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of an aggregation, and whether they were kept from an earlier time."""

    rows: Sequence[RowMapping]
    is_kept: bool


class Answers:
    """The answers of one process; those that nobody asks for make room for others."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Keep none yet."""
        self._kept: LRUCache[tuple[Any, ...], Sequence[RowMapping]] = LRUCache(
            most_bytes, getsizeof=_size
        )

    async def answer(
        self,
        session: AsyncSession,
        actor: Actor,
        dataset: Dataset,
        question: Aggregation,
        *,
        is_fresh: bool = False,
    ) -> Answer:
        """Answer a question to a dataset, from what is kept where that is still true.

        `is_fresh` says that the dataset was read in this very transaction, with its version.
        """
        joined = await _joins(session, actor, dataset, question)
        datasets = [dataset, *(join.dataset for join in joined)]
        for each in datasets:
            queries.require_rows(actor, each)
        versions = {each.id: each.version for each in datasets}
        if not is_fresh:
            found = await session.execute(queries.versions(actor, *datasets))
            versions = {row.id: row.version for row in found}
        if dataset.id not in versions:
            raise DatasetNotFound
        key = _key(actor, datasets, versions, joined, question)
        kept = self._kept.get(key)
        if kept is not None:
            return Answer(kept, is_kept=True)
        statement = queries.aggregate(actor, dataset, question, joined)
        rows = (await session.execute(statement)).mappings().all()
        if _size(rows) <= self._kept.maxsize:
            self._kept[key] = rows
        return Answer(rows, is_kept=False)


async def _joins(
    session: AsyncSession, actor: Actor, dataset: Dataset, question: Aggregation
) -> list[Join]:
    names = joins.relations(question)
    if not names:
        return []
    found = await session.execute(queries.joins(actor, dataset, names))
    ways = [Join(relation, joined) for relation, joined in found]
    return [join for join in ways if joins.fits(dataset, join)]


def _key(
    actor: Actor,
    datasets: Sequence[Dataset],
    versions: Mapping[UUID, int],
    joined: Sequence[Join],
    question: Aggregation,
) -> tuple[Any, ...]:
    """What an answer depends on: of each dataset the version and how much of it is seen."""
    read = tuple(
        (
            dataset.id,
            versions.get(dataset.id),
            actor.lens if actor.sees_part(dataset.definition_id) else None,
            tuple((column.name, column.type) for column in dataset.definition.columns),
        )
        for dataset in datasets
    )
    ways = tuple(
        (join.relation.name, *join.relation.columns, *join.relation.target_columns)
        for join in joined
    )
    text = question.model_dump_json(exclude_defaults=True)
    return (actor.require_tenant(), read, ways, text)


def _size(rows: Sequence[RowMapping]) -> float:
    return ENTRY + sum(CELL * len(row) for row in rows)
