"""Ad-hoc SQL: one checked statement, run as the reader, with caps on time, rows and bytes.

Rows arrive as JSON that PostgreSQL writes, so any type can be shown, and a row that is too large is
never sent.
"""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import driver, queries, sql_check, sql_parameters, tables
from workbench.datasets.errors import refuse
from workbench.datasets.models import Dataset
from workbench.datasets.sql_check import Checked, SqlRefused
from workbench.datasets.sql_errors import said
from workbench.datasets.sql_parameters import Value
from workbench.db.ids import new_id
from workbench.db.session import label
from workbench.permissions import Permission

MAX_ROWS = 10_000
MAX_BYTES = 10 * 1024 * 1024
MAX_ROW_BYTES = 1024 * 1024
BATCH = 50  # so one fetch brings at most 50 MB
MAX_DIGITS = 300
MAX_DEPTH = 100
MAX_TIMEOUT = timedelta(minutes=5)
LOOK = timedelta(seconds=1)  # in which PostgreSQL describes an answer without computing it
# The reader cannot change these within a statement that `sql_check` has let through. By its name
# a watchdog and other processes find the statement; should this process die, PostgreSQL notices.
SETTINGS = """
select set_config('application_name', %s, true),
    set_config('client_connection_check_interval', '1s', true),
    set_config('search_path', %s, true), set_config('TimeZone', 'UTC', true),
    set_config('standard_conforming_strings', 'on', true),
    set_config('transaction_read_only', 'on', true),
    set_config('cursor_tuple_fraction', '1', true),
    set_config('statement_timeout', %s, true)
"""
NAMES = "select * from (\n{}\n) as q limit 0"
ROWS = (
    "select case when octet_length(j.line) <= {} then j.line end "
    "from (select to_json(q)::text as line from (\n{}\n) as q{}) as j"
)
EXPLAIN = "explain (costs off) {}"


class TooDeep(SqlRefused):
    """A value of the answer is nested too deeply."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement with its parameters, how many rows it may answer, and for how long it may run.

    The id is how it is cancelled; `saved_query` tells which saved query it is.
    """

    sql: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    limit: int = 1000
    timeout: timedelta = timedelta(seconds=30)
    id: UUID = field(default_factory=new_id)
    saved_query: UUID | None = None

    def require_sense(self) -> None:
        """Raise Invalid for a limit or a time that nobody may have."""
        if not 1 <= self.limit <= MAX_ROWS:
            raise refuse("limit", f"must be from 1 to {MAX_ROWS:,}")
        if not timedelta() < self.timeout <= MAX_TIMEOUT:
            most = f"{MAX_TIMEOUT.total_seconds():g}"
            raise refuse("timeout", f"must be above 0 and up to {most} seconds")


@dataclass(frozen=True, slots=True)
class SqlResult:
    """What a statement answered; `truncated` tells that there is more."""

    id: UUID
    columns: list[str]
    rows: list[list[Any]]
    truncated: bool
    elapsed_ms: float


async def run(session: AsyncSession, actor: Actor, asked: Asked) -> SqlResult:
    """Run one statement in a reader's session, which is spent afterwards.

    The transaction ends with ROLLBACK; the readers' pool adds DISCARD ALL. PostgreSQL's own
    timeout ends a slow statement; whoever calls this watches from outside.
    """
    actor.require(Permission.SQL_RUN)
    checked, values, datasets = await checked_for(session, actor, asked)
    connection = await driver.of(session)
    started = time.perf_counter()
    try:
        await prepare(connection, actor, asked.id, asked.timeout)
        columns, rows, truncated = await _run(connection, checked, values, asked.limit)
    except psycopg.Error as error:
        if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.AdminShutdown):
            raise
        wrapper = EXPLAIN if checked.explain else NAMES
        raise said(error, asked.sql, checked, wrapper, columns_of(datasets)) from None
    finally:
        await leave(session, connection)
    elapsed = round((time.perf_counter() - started) * 1000, 2)
    return SqlResult(asked.id, columns, rows, truncated, elapsed)


async def checked_for(
    session: AsyncSession, actor: Actor, asked: Asked
) -> tuple[Checked, list[Any] | None, Sequence[Dataset]]:
    """The statement when it reads what the actor sees, its values, and the actor's datasets."""
    actor.require_somewhere(Permission.ROW_READ)
    asked.require_sense()
    datasets = (await session.scalars(queries.datasets(actor))).all()
    names = {dataset.definition.name for dataset in datasets}
    private = {dataset.definition.name for dataset in datasets if dataset.definition.is_private}
    checked = sql_check.check(asked.sql, names, asked.parameters, private)
    return checked, sql_parameters.bound(checked.parameters, asked.parameters), datasets


def columns_of(datasets: Sequence[Dataset]) -> dict[str, list[str]]:
    """The columns of datasets by their names, for hints."""
    return {
        dataset.definition.name: [column.name for column in dataset.definition.columns]
        for dataset in datasets
    }


def search_path(actor: Actor) -> str:
    """The schemas in which the actor's statements look for datasets, its tenant's own among them.

    Nobody waits for such a schema: PostgreSQL passes over one that is not there yet.
    """
    own = None if actor.tenant_id is None else tables.home(actor.tenant_id)
    return ", ".join(schema for schema in (actor.lens, own, tables.SHARED) if schema)


async def prepare(
    connection: psycopg.AsyncConnection[Any],
    actor: Actor,
    statement: UUID,
    timeout: timedelta,  # noqa: ASYNC109 (PostgreSQL is told)
) -> None:
    """Tell PostgreSQL what holds for the statement of this transaction."""
    milliseconds = str(max(1, int(timeout.total_seconds() * 1000)))
    names = [label(actor, statement), search_path(actor), milliseconds]
    await connection.execute(SETTINGS, names)


async def leave(session: AsyncSession, connection: psycopg.AsyncConnection[Any]) -> None:
    """Undo the transaction; a connection that was terminated is given up."""
    if connection.closed:
        await session.invalidate()
    else:
        await session.rollback()


async def _run(
    connection: psycopg.AsyncConnection[Any],
    checked: Checked,
    values: list[Any] | None,
    limit: int,
) -> tuple[list[str], list[list[Any]], bool]:
    raw = psycopg.AsyncRawCursor(connection)
    if checked.explain:
        await raw.execute(EXPLAIN.format(checked.text).encode(), values)
        lines = [list(row) for row in await raw.fetchall()]
        return ["QUERY PLAN"], lines[:limit], len(lines) > limit
    await raw.execute(NAMES.format(checked.text).encode(), values)
    columns = [column.name for column in raw.description or ()]
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    aliases = f"({names})" if columns else ""
    query = ROWS.format(MAX_ROW_BYTES, checked.text, aliases)
    async with psycopg.AsyncRawServerCursor(connection, "ad_hoc") as cursor:
        await cursor.execute(query.encode(), values)
        rows, truncated = await _fetch(cursor, limit)
    return columns, rows, truncated


async def _fetch(
    cursor: psycopg.AsyncRawServerCursor[Any], limit: int
) -> tuple[list[list[Any]], bool]:
    rows: list[list[Any]] = []
    size = 0
    while batch := await cursor.fetchmany(min(BATCH, limit + 1 - len(rows))):
        for (line,) in batch:
            if line is None:
                raise SqlRefused("A row of the answer is larger than 1 MB; ask for less of it.")
            size += len(line)
            if len(rows) == limit or size > MAX_BYTES:
                return rows, True
            rows.append(_values(line))
    return rows, False


def _values(line: str) -> list[Any]:
    try:
        values = list(json.loads(line, parse_int=_whole, parse_float=_fraction).values())
    except RecursionError:
        raise TooDeep from None
    if _is_deep(values):
        raise TooDeep
    return [_clean(value) for value in values] if "\\ud" in line.lower() else values


def _is_deep(values: list[Any]) -> bool:
    """Whether something is nested more deeply than every reader of JSON can follow."""
    level = values
    for _ in range(MAX_DEPTH):
        inner = [each for each in level if isinstance(each, list | dict)]
        if not inner:
            return False
        level = [
            child for each in inner for child in (each.values() if isinstance(each, dict) else each)
        ]
    return True


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_DIGITS else digits


def _fraction(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


def _clean(value: Any) -> Any:
    """Replace halves of characters, which JSON can write and UTF-8 cannot."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_clean(each) for each in value]
        case dict():
            return {_clean(key): _clean(each) for key, each in value.items()}
    return value
