"""The only way from the dashboard of SQL to the database, as the visitor."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dashboards.sql.state import Question
from dashboards.visits import Visit
from workbench.datasets import commands, queries, sql_parameters
from workbench.datasets.schemas import NewSavedQuery, Parameter, SavedQueryChange
from workbench.datasets.sql import Asked, SqlResult
from workbench.datasets.sql_errors import SavedQueryNotFound
from workbench.datasets.sql_models import SavedQuery, Statement
from workbench.datasets.sql_plan import Plan
from workbench.permissions import Permission
from workbench.tenants import queries as tenants

MAX_SQL = 20_000
SHOWN_QUERIES = 200
SHOWN_STATEMENTS = 50


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the list of datasets shows it."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class Known:
    """A dataset that the visitor may ask."""

    name: str
    title: str
    columns: list[Column]


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved query as the visitor sees it."""

    id: UUID
    name: str
    sql: str
    values: dict[str, str]
    types: dict[str, str]
    is_own: bool
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Ran:
    """A statement that the visitor ran."""

    id: UUID
    sql: str
    values: dict[str, str]
    outcome: str | None
    started: datetime
    rows: int | None
    elapsed_ms: float | None


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything around the editor."""

    tenant: str
    datasets: list[Known] = field(default_factory=list)
    saved: list[Kept] = field(default_factory=list)
    history: list[Ran] = field(default_factory=list)


class Store:
    """Asks, and keeps questions, for one visit."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._actor = visit.actor
        self._database = visit.house.database

    @property
    def may_ask(self) -> bool:
        """Whether it makes sense to offer the editor; the commands decide."""
        return self._actor.tenant_id is not None and self._actor.may(Permission.SQL_RUN)

    @property
    def may_export(self) -> bool:
        """Whether it makes sense to offer files; the command decides."""
        return self._actor.may(Permission.ROW_EXPORT)

    async def desk(self) -> Desk:
        """Whose datasets can be asked, what is kept and what ran."""
        actor = self._actor
        async with self._database.session(actor) as session:
            tenant = await session.scalar(tenants.tenant(actor, actor.require_tenant()))
        return Desk(
            tenant.name if tenant else "",
            await self.datasets(),
            await self.saved(),
            await self.history(),
        )

    async def datasets(self) -> list[Known]:
        """The datasets that the visitor sees, by name, each with its columns."""
        async with self._database.reading(self._actor) as session:
            found = (await session.scalars(queries.datasets(self._actor))).all()
        definitions = [dataset.definition for dataset in found]
        return [
            Known(d.name, d.title, [Column(c.name, c.type, c.description) for c in d.columns])
            for d in definitions
        ]

    async def saved(self) -> list[Kept]:
        """The visitor's own queries and those that are shared, by name."""
        statement = queries.saved_queries(self._actor).limit(SHOWN_QUERIES)
        async with self._database.session(self._actor) as session:
            return [self._kept(query) for query in await session.scalars(statement)]

    async def history(self) -> list[Ran]:
        """What the visitor ran, the newest first."""
        statement = queries.statements(self._actor).limit(SHOWN_STATEMENTS)
        async with self._database.session(self._actor) as session:
            return [_ran(each) for each in await session.scalars(statement)]

    async def run(
        self, question: Question, statement: UUID, limit: int, saved: UUID | None = None
    ) -> SqlResult:
        """Run a statement; `statement` is the id by which it is cancelled."""
        return await commands.run_sql(
            self._database, self._actor, asked(question, statement, limit, saved)
        )

    async def explain(self, question: Question, statement: UUID, *, analyze: bool) -> Plan:
        """The plan of a statement; `analyze` runs it."""
        wanted = asked(question, statement)
        return await commands.explain_sql(self._database, self._actor, wanted, analyze=analyze)

    async def cancel(self, statement: UUID) -> None:
        """End one of the visitor's own statements in the database."""
        await commands.cancel_sql(self._database, self._actor, statement)

    async def save(self, question: Question, name: str, *, is_shared: bool) -> Kept:
        """Keep a question under a new name."""
        new = NewSavedQuery(
            name=name, sql=question.sql, parameters=declared(question), is_shared=is_shared
        )
        async with self._database.session(self._actor) as session:
            return self._kept(await commands.save_query(session, self._actor, new))

    async def change(self, query_id: UUID, question: Question, name: str, *, shared: bool) -> Kept:
        """Change a query of the visitor's own: what it asks, its name, who may use it."""
        change = SavedQueryChange(
            name=name, sql=question.sql, parameters=declared(question), is_shared=shared
        )
        async with self._database.session(self._actor) as session:
            query = await session.scalar(queries.saved_query(self._actor, query_id))
            if query is None:
                raise SavedQueryNotFound
            await commands.change_query(session, self._actor, query, change, datetime.now(UTC))
            return self._kept(query)

    async def delete(self, query_id: UUID) -> None:
        """Delete a query of the visitor's own; it can be restored."""
        async with self._database.session(self._actor) as session:
            query = await session.scalar(queries.saved_query(self._actor, query_id))
            if query is None:
                raise SavedQueryNotFound
            await commands.delete_query(session, self._actor, query)

    async def restore(self, query_id: UUID) -> None:
        """Bring a query of the visitor's own back."""
        async with self._database.session(self._actor) as session:
            await commands.restore_query(session, self._actor, query_id)

    def _kept(self, query: SavedQuery) -> Kept:
        parameters: Mapping[str, Any] = query.parameters
        return Kept(
            query.id,
            query.name,
            query.sql,
            {name: _text(each.get("default")) for name, each in parameters.items()},
            {name: each["type"] for name, each in parameters.items()},
            query.made_by == self._actor.user_id,
            query.is_shared,
        )


def names(sql: str) -> list[str]:
    """The parameters of a statement in the order of their first places."""
    if len(sql) > MAX_SQL:  # it will be refused as a whole
        return []
    try:
        return list(sql_parameters.numbered(sql).places)
    except UnicodeEncodeError:  # halves of characters, which a browser can send
        return []


def asked(
    question: Question, statement: UUID, limit: int = 1000, saved: UUID | None = None
) -> Asked:
    """A question as the room takes it."""
    return Asked(question.sql, given(question), limit, id=statement, saved_query=saved)


def given(question: Question) -> dict[str, Any]:
    """The parameters of a question; a field that is empty has no value."""
    return {
        name: _value(question, name) for name in names(question.sql) if question.values.get(name)
    }


def declared(question: Question) -> dict[str, Parameter]:
    """The parameters of a question that is to be kept, with what stands in the fields as default.

    A text takes the type that its place asks for, so what nobody has declared is one.
    """
    found = {}
    for name in names(question.sql):
        default = question.values.get(name) or None
        kind: Any = question.types.get(name, "text")
        found[name] = Parameter(type=kind, default=default, is_required=default is None)
    return found


def _value(question: Question, name: str) -> Any:
    kind, text = question.types.get(name, "text"), question.values[name]
    return text if kind == "text" else {"type": kind, "value": text}


def _ran(statement: Statement) -> Ran:
    values = {name: _text(value) for name, value in statement.parameters.items()}
    return Ran(
        statement.id,
        statement.sql,
        values,
        statement.outcome,
        statement.started_at,
        statement.rows,
        statement.elapsed_ms,
    )


def _text(value: Any) -> str:
    """A value as a field shows it."""
    if isinstance(value, dict) and set(value) == {"type", "value"}:
        value = value["value"]
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
