"""Saved queries: statements kept under a name, for oneself or for the tenant.

Nothing of an author's rights is kept with a query. Whoever runs one runs it as himself.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import queries, sql_parameters
from workbench.datasets.commands.ad_hoc import TIMEOUT, run_sql
from workbench.datasets.errors import refuse
from workbench.datasets.schemas import NewSavedQuery, Parameter, SavedQueryChange
from workbench.datasets.sql import Asked, SqlResult
from workbench.datasets.sql_errors import SavedQueryNotFound
from workbench.datasets.sql_models import SavedQuery
from workbench.datasets.sql_parameters import Value
from workbench.db import soft_delete
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Conflict, Forbidden
from workbench.permissions import Permission


class QueryNameTaken(Conflict):
    """You have a saved query of this name already."""

    code = "name_taken"


class NotTheAuthor(Forbidden):
    """Only who made a saved query changes it; save one of your own."""

    code = "not_the_author"


async def save_query(session: AsyncSession, actor: Actor, new: NewSavedQuery) -> SavedQuery:
    """Keep a statement under a name of the actor's own."""
    actor.require(Permission.SQL_RUN)
    if actor.user_id is None:
        raise Forbidden("Queries are saved by people.")
    _check(new.sql, new.parameters)
    values = new.model_dump(mode="json")
    query = SavedQuery(tenant_id=actor.require_tenant(), made_by=actor.user_id, **values)
    try:
        async with session.begin_nested():
            session.add(query)
    except IntegrityError as error:
        raise QueryNameTaken from error
    await session.refresh(query)
    _note(session, actor, "query.save", query)
    return query


async def change_query(
    session: AsyncSession, actor: Actor, query: SavedQuery, change: SavedQueryChange, now: datetime
) -> None:
    """Change a saved query of the actor's own."""
    actor.require(Permission.SQL_RUN)
    _require_own(actor, query)
    values = change.model_dump(mode="json", exclude_none=True)
    declared = values.get("parameters", query.parameters)
    _check(values.get("sql", query.sql), declared)
    try:
        async with session.begin_nested():
            for name, value in values.items():
                setattr(query, name, value)
            query.changed_at = now
    except IntegrityError as error:
        raise QueryNameTaken from error
    _note(session, actor, "query.change", query)


async def delete_query(session: AsyncSession, actor: Actor, query: SavedQuery) -> None:
    """Mark a saved query of the actor's own as deleted."""
    actor.require(Permission.SQL_RUN)
    _require_own(actor, query)
    where = soft_delete.one(SavedQuery, actor.require_tenant(), query.id)
    await soft_delete.remove(session, actor, SavedQuery, *where)
    _note(session, actor, "query.delete", query)


async def restore_query(session: AsyncSession, actor: Actor, query_id: UUID) -> None:
    """Bring a saved query of the actor's own back."""
    actor.require(Permission.SQL_RUN)
    where = soft_delete.one(SavedQuery, actor.require_tenant(), query_id)
    try:
        async with session.begin_nested():
            await soft_delete.restore(
                session, SavedQuery, *where, SavedQuery.made_by == actor.user_id
            )
    except IntegrityError as error:
        raise QueryNameTaken from error
    audit.record(session, actor, "query.restore", f"query {query_id}")


async def run_query(
    database: Database,
    actor: Actor,
    query_id: UUID,
    *,
    values: Mapping[str, Value] | None = None,
    limit: int = 1000,
    timeout: timedelta = TIMEOUT,  # noqa: ASYNC109 (PostgreSQL is told as well)
    statement_id: UUID | None = None,
) -> SqlResult:
    """Run a saved query that the actor may see, with the actor's own rights and no others."""
    actor.require(Permission.SQL_RUN)
    async with database.session(actor) as session:
        query = await session.scalar(queries.saved_query(actor, query_id))
    if query is None:
        raise SavedQueryNotFound
    declared = {name: Parameter.model_validate(p) for name, p in query.parameters.items()}
    given = sql_parameters.given(declared, values or {})
    asked = Asked(query.sql, given, limit, timeout, statement_id or new_id(), query.id)
    return await run_sql(database, actor, asked)


def _check(sql: str, declared: Mapping[str, Any]) -> None:
    """Refuse parameters that stand in no place, and places that have no parameter."""
    names = sql_parameters.numbered(sql).names
    if missing := sorted(set(names) - set(declared)):
        raise refuse(f"parameters.{missing[0]}", "stands in the statement and is not declared")
    if unused := sorted(set(declared) - set(names)):
        raise refuse(f"parameters.{unused[0]}", "does not stand in the statement")


def _require_own(actor: Actor, query: SavedQuery) -> None:
    if query.made_by != actor.user_id:
        raise NotTheAuthor


def _note(session: AsyncSession, actor: Actor, action: str, query: SavedQuery) -> None:
    text, shared = audit.kept(query.sql), query.is_shared
    audit.record(session, actor, action, f"query {query.id}", text=text, shared=shared)
