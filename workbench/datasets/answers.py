"""Answers that are kept for as long as they are true, and shown to those alone who see the same.

An answer belongs to a tenant, to a dataset's version, and to the whole dataset or the one lens
through which it was seen. The version is read under the actor's own token, in the transaction that
would ask anew: whoever may not look any more gets none. It rises in the transaction that changes
rows, so an answer may be newer than the version that it is kept under, never older; and nobody who
comes later asks for that version.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import queries
from workbench.datasets.errors import DatasetNotFound
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
        self, session: AsyncSession, actor: Actor, dataset: Dataset, question: Aggregation
    ) -> Answer:
        """Answer a question to a dataset, from what is kept where that is still true."""
        statement = queries.aggregate(actor, dataset, question)
        version = await session.scalar(queries.version(actor, dataset))
        if version is None:
            raise DatasetNotFound
        key = _key(actor, dataset, version, question)
        kept = self._kept.get(key)
        if kept is not None:
            return Answer(kept, is_kept=True)
        rows = (await session.execute(statement)).mappings().all()
        if _size(rows) <= self._kept.maxsize:
            self._kept[key] = rows
        return Answer(rows, is_kept=False)


def _key(actor: Actor, dataset: Dataset, version: int, question: Aggregation) -> tuple[Any, ...]:
    definition = dataset.definition
    lens = actor.lens if actor.sees_part(definition.id) else None
    columns = tuple((column.name, column.type) for column in definition.columns)
    text = question.model_dump_json(exclude_defaults=True)
    return (actor.require_tenant(), dataset.id, version, lens, columns, text)


def _size(rows: Sequence[RowMapping]) -> float:
    return ENTRY + sum(CELL * len(row) for row in rows)
