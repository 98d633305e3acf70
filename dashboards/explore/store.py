"""The only way from this dashboard to the database: what it asks, as the visitor."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from dashboards import reads
from dashboards.explore import asking
from dashboards.explore.figures import Answer, Field, Known, Opened
from dashboards.explore.state import Question
from dashboards.visits import Visit
from workbench.actor import Actor
from workbench.datasets import queries
from workbench.datasets.errors import DatasetNotFound
from workbench.datasets.models import Column, Dataset, Relation
from workbench.datasets.schemas import Aggregation, Condition, Filter, RowsQuery
from workbench.db.pages import Page
from workbench.errors import Forbidden
from workbench.permissions import Permission

Row = Mapping[Any, Any]
NAME = "explore"
SESSIONS = 4  # of one visit at a time
PAGE = 25
SUGGESTED = 30


class Store:
    """Asks for one visit; each statement in a session of its own, several at once."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._visit = visit
        self._slots = asyncio.Semaphore(SESSIONS)
        self._datasets: dict[str, Dataset] = {}
        self._opened: dict[str, Opened] = {}

    async def datasets(self) -> list[Known]:
        """The datasets that the visitor may ask about, by title."""
        actor = self._visit.actor
        async with self._slots, self._visit.house.database.reading(actor) as session:
            found = (await session.scalars(queries.datasets(actor))).all()
        known = [
            Known(d.name, d.title or d.name, d.description, d.is_private)
            for d in (dataset.definition for dataset in found)
        ]
        return sorted(known, key=lambda dataset: dataset.title.casefold())

    async def open(self, name: str) -> Opened:
        """A dataset with its columns and those of declared joins; raise DatasetNotFound."""
        if name not in self._opened:
            self._opened[name] = await self._open(name)
        return self._opened[name]

    def joins(self, name: str) -> bool:
        """Whether an opened dataset brings columns of others."""
        opened = self._opened.get(name)
        return opened is not None and len(opened.own) < len(opened.fields)

    def forget(self) -> None:
        """Look datasets up again: they may have changed, or be gone."""
        self._datasets.clear()
        self._opened.clear()

    async def answer(self, question: Question) -> Answer:
        """The figures of a question, asked for at the same time."""
        opened = await self.open(question.dataset)
        async with self._noted("answer"):
            asked = asking.aggregations(question, opened.fields)
            answers = await asyncio.gather(*(self._ask(opened.name, each) for each in asked))
        return asking.answer(question, opened.fields, answers)

    async def rows(self, question: Question, cursor: str | None) -> Page[Row]:
        """One page of the rows behind a question."""
        sort = [question.rows] if question.rows else []
        async with self._noted("rows"):
            query = RowsQuery(filter=await self.own(question), sort=sort, cursor=cursor, limit=PAGE)
            dataset = await self._dataset(question.dataset)
            statement = queries.rows(self._visit.actor, dataset, query)
            database, actor = self._visit.house.database, self._visit.actor
            async with self._slots, database.reading(actor) as session:
                rows = (await session.execute(statement)).mappings().all()
            reads.count(question.dataset, min(len(rows), PAGE))
            return queries.page(query, rows)

    async def own(self, question: Question) -> list[Filter]:
        """The filters of a question on the dataset's own columns alone, for rows and exports.

        A condition on a joined column becomes one on the keys that meet it; raise Invalid where
        those are too many.
        """
        filters = await asyncio.gather(
            *(self._on_own(question.dataset, condition) for condition in question.where)
        )
        return list(filters)

    async def suggest(self, name: str, column: str, piece: str) -> list[tuple[str, int]]:
        """The most frequent texts of a column that hold a piece, with how many rows each has."""
        opened = await self.open(name)
        aggregation = asking.suggestions(opened.fields, column, piece, SUGGESTED)
        async with self._noted("suggestions"):
            rows = await self._ask(opened.name, aggregation)
        return [(str(row["key"]), row["rows"]) for row in rows]

    def _noted(self, part: str) -> AbstractAsyncContextManager[None]:
        return reads.noted(self._visit, NAME, part)

    async def _on_own(self, name: str, condition: Condition) -> Filter:
        if asking.DOT not in condition.column:
            return condition
        dataset = await self._dataset(name)
        actor = self._visit.actor
        relation = condition.column.partition(asking.DOT)[0]
        async with self._slots, self._visit.house.database.reading(actor) as session:
            found = (await session.execute(queries.joins(actor, dataset, [relation]))).first()
        pairs = found[0].columns if found else []
        keys = await self._ask(name, asking.keys(condition, pairs))
        return asking.of_keys(condition.column, pairs, keys)

    async def _ask(self, name: str, aggregation: Aggregation) -> Sequence[Row]:
        dataset = await self._dataset(name)
        house, actor = self._visit.house, self._visit.actor
        async with self._slots, house.database.reading(actor) as session:
            answer = await house.answers.answer(session, actor, dataset, aggregation)
        reads.count(name, len(answer.rows))
        return answer.rows

    async def _open(self, name: str) -> Opened:
        dataset = await self._dataset(name)
        actor, definition = self._visit.actor, dataset.definition
        async with self._slots, self._visit.house.database.reading(actor) as session:
            relations = (await session.scalars(queries.relations(actor, name))).all()
            known = {relation.name: relation.target.title for relation in relations}
            joins = (await session.execute(queries.joins(actor, dataset, known))).all()
        fields = [field_of(column) for column in definition.columns]
        for relation, target in joins:
            if not reads_rows(actor, target):
                continue
            family = family_of(relation, fields, target.definition.title)
            fields += [
                field_of(column, f"{relation.name}{asking.DOT}", family)
                for column in target.definition.columns
                if column.name not in relation.target_columns
            ]
        may_export = actor.may(Permission.ROW_EXPORT, str(definition.id))
        by_name = {field.name: field for field in fields}
        return Opened(name, definition.title or name, by_name, may_export)

    async def _dataset(self, name: str) -> Dataset:
        if name not in self._datasets:
            database, actor = self._visit.house.database, self._visit.actor
            async with self._slots, database.reading(actor) as session:
                found = await session.scalar(queries.dataset(actor, name))
            if found is None:
                raise DatasetNotFound
            self._datasets[name] = found
        return self._datasets[name]


def reads_rows(actor: Actor, dataset: Dataset) -> bool:
    """Whether the actor may read rows of a dataset, all or a part."""
    try:
        queries.require_rows(actor, dataset)
    except Forbidden:
        return False
    return True


def field_of(column: Column, prefix: str = "", family: str = "") -> Field:
    """A column as people know it."""
    title = column.title or in_words(column.name)
    unit, semantic = column.unit or "", column.semantic or ""
    return Field(f"{prefix}{column.name}", title, column.type, unit, semantic, family)


def family_of(relation: Relation, fields: Sequence[Field], title: str) -> str:
    """What a joined dataset is called: what leads there, and its own title if that is another."""
    name = in_words(relation.name)
    if len(relation.columns) == 1:
        name = next((f.title for f in fields if f.name == relation.columns[0]), name)
    return name if name.casefold() in title.casefold() else f"{name} ({title})"


def in_words(name: str) -> str:
    """A name as people write it."""
    return name.replace("_", " ").strip().capitalize()
