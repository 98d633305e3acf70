"""Ad-hoc SQL: one checked statement, run as the reader, with caps on time, rows and bytes.

Rows arrive as JSON that PostgreSQL writes, so any type can be shown, and a row that is too large is
never sent.
"""

import asyncio
import json
import math
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import driver, queries, sql_check, tables
from workbench.datasets.errors import refuse
from workbench.datasets.plain import Plain, PlainColumn
from workbench.datasets.sql_check import Checked, SqlRefused
from workbench.errors import Forbidden, Invalid, Unauthenticated, Unavailable, WorkbenchError
from workbench.permissions import Permission

MAX_ROWS = 10_000
MAX_BYTES = 10 * 1024 * 1024
MAX_ROW_BYTES = 1024 * 1024
BATCH = 50  # so one fetch brings at most 50 MB
MAX_DIGITS = 300
MAX_DEPTH = 100
WATCHDOG = timedelta(seconds=1)
# The reader cannot change these within a statement that `sql_check` has let through.
SETTINGS = """
select set_config('search_path', %s, true), set_config('TimeZone', 'UTC', true),
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
FILE = "select {} from (\n{}\n) as q ({})"
EXPLAIN = "explain (costs off) {}"
# What files know: booleans, whole and binary numbers, texts, days and moments, by type's number.
KNOWN = frozenset({16, 20, 21, 23, 700, 701, 1082, 1184})
BOOLEAN, NUMERIC, LOCAL = 16, 1700, 1114
SHOWN = ("0A", "21", "22", "42", "53", "54")  # classes of errors that speak of the statement


class SqlFailed(Invalid):
    """PostgreSQL cannot run the statement."""

    code = "sql_failed"


class SqlTimeout(Invalid):
    """The statement takes too long."""

    code = "sql_timeout"


class TooDeep(SqlRefused):
    """A value of the answer is nested too deeply."""


@dataclass(frozen=True, slots=True)
class SqlResult:
    """What a statement answered; `truncated` tells that there is more."""

    columns: list[str]
    rows: list[list[Any]]
    truncated: bool
    elapsed_ms: float


async def run(
    session: AsyncSession,
    actor: Actor,
    statement: str,
    *,
    limit: int,
    timeout: timedelta,  # noqa: ASYNC109 (PostgreSQL is told as well)
) -> SqlResult:
    """Run one statement in a reader's session, which is spent afterwards.

    The transaction ends with ROLLBACK; the readers' pool adds DISCARD ALL. PostgreSQL's own
    timeout ends a slow statement; a watchdog outside of it cancels what outlives that.
    """
    actor.require(Permission.SQL_RUN)
    actor.require_somewhere(Permission.ROW_READ)
    if not 1 <= limit <= MAX_ROWS:
        raise refuse("limit", f"must be from 1 to {MAX_ROWS:,}")
    checked = await _checked(session, actor, statement)
    connection = await driver.of(session)
    started = time.perf_counter()
    try:
        async with asyncio.timeout((timeout + WATCHDOG).total_seconds()):
            await _prepare(connection, actor, timeout)
            columns, rows, truncated = await _run(connection, checked, limit)
    except (TimeoutError, psycopg.errors.QueryCanceled):
        raise SqlTimeout(f"The statement took longer than {timeout.total_seconds():g} s.") from None
    except psycopg.Error as error:
        raise _said(error, statement, checked) from None
    finally:
        await session.rollback()
    return SqlResult(columns, rows, truncated, round((time.perf_counter() - started) * 1000, 2))


def search_path(actor: Actor) -> str:
    """The schemas in which the actor's statements look for datasets, its tenant's own among them.

    Nobody waits for such a schema: PostgreSQL passes over one that is not there yet.
    """
    own = None if actor.tenant_id is None else tables.home(actor.tenant_id)
    return ", ".join(schema for schema in (actor.lens, own, tables.SHARED) if schema)


async def _checked(session: AsyncSession, actor: Actor, statement: str) -> Checked:
    definitions = [found.definition for found in await session.scalars(queries.datasets(actor))]
    private = {definition.name for definition in definitions if definition.is_private}
    return sql_check.check(statement, {definition.name for definition in definitions}, private)


async def exported(session: AsyncSession, actor: Actor, statement: str) -> Plain:
    """The checked statement, each column of its answer as a type that files know."""
    actor.require(Permission.SQL_RUN)
    actor.require_somewhere(Permission.ROW_READ)
    checked = await _checked(session, actor, statement)
    if checked.explain:
        raise SqlRefused("A plan is no table; run EXPLAIN without exporting it.")
    connection = await driver.of(session)
    try:
        await _prepare(connection, actor, WATCHDOG)
        described = await connection.execute(NAMES.format(checked.text).encode())
    except psycopg.Error as error:
        raise _said(error, statement, checked) from None
    finally:
        await session.rollback()
    columns = described.description or []
    aliases = [f"c{number}" for number in range(len(columns))]
    casts = [
        sql.SQL("{} as {}").format(_as_known(alias, column.type_code), sql.Identifier(column.name))
        for alias, column in zip(aliases, columns, strict=True)
    ]
    if not casts:
        raise SqlRefused("The answer has no columns to export.")
    return Plain(
        FILE.format(sql.SQL(", ").join(casts).as_string(), checked.text, ", ".join(aliases)),
        tuple(
            PlainColumn(
                column.name,
                is_text=_kind(column.type_code) == "text",
                is_boolean=column.type_code == BOOLEAN,
            )
            for column in columns
        ),
    )


def _as_known(alias: str, type_number: int) -> sql.Composable:
    kind = _kind(type_number)
    column = sql.Identifier(alias)
    return column if kind is None else sql.SQL("{}::{}").format(column, sql.SQL(kind))


def _kind(type_number: int) -> LiteralString | None:
    """The type that files know in place of another; None where they know it itself."""
    if type_number in KNOWN:
        return None
    return {NUMERIC: "double precision", LOCAL: "timestamptz"}.get(type_number, "text")


async def _prepare(
    connection: psycopg.AsyncConnection[Any],
    actor: Actor,
    timeout: timedelta,  # noqa: ASYNC109 (as above)
) -> None:
    path = search_path(actor)
    milliseconds = str(max(1, int(timeout.total_seconds() * 1000)))
    await connection.execute(SETTINGS, [path, milliseconds])


async def _run(
    connection: psycopg.AsyncConnection[Any], checked: Checked, limit: int
) -> tuple[list[str], list[list[Any]], bool]:
    if checked.explain:
        plan = await connection.execute(EXPLAIN.format(checked.text).encode())
        lines = [list(row) for row in await plan.fetchall()]
        return ["QUERY PLAN"], lines[:limit], len(lines) > limit
    described = await connection.execute(NAMES.format(checked.text).encode())
    columns = [column.name for column in described.description or ()]
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    aliases = f"({names})" if columns else ""
    query = ROWS.format(MAX_ROW_BYTES, checked.text, aliases)
    async with connection.cursor("ad_hoc") as cursor:
        await cursor.execute(query.encode())
        rows, truncated = await _fetch(cursor, limit)
    return columns, rows, truncated


async def _fetch(
    cursor: psycopg.AsyncServerCursor[Any], limit: int
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


def _said(error: psycopg.Error, statement: str, checked: Checked) -> WorkbenchError:
    """PostgreSQL's own first line, without the hint and detail that may quote rows."""
    state, message = error.sqlstate or "", error.diag.message_primary or ""
    if state == "42501":
        if "actor token" in message:
            return Unauthenticated("Your sign-in has ended; sign in again.")
        if message.startswith(("you may see", "what you may see")):
            return Forbidden(f"{message[:1].upper()}{message[1:]}.")
        return Forbidden("The statement needs a right that readers do not have.")
    if not state or state.startswith(("08", "57", "58")):
        return Unavailable()
    if not state.startswith(SHOWN):
        return SqlFailed()
    position = _position(error, checked)
    where = f" ({sql_check.at(statement, position)})" if position is not None else ""
    return SqlFailed(f"{message[:1].upper()}{message[1:]}{where}.")


def _position(error: psycopg.Error, checked: Checked) -> int | None:
    """Where in the typed statement PostgreSQL found fault; all wrap it after a known beginning."""
    if error.diag.statement_position is None:
        return None
    wrapper = EXPLAIN if checked.explain else NAMES
    position = int(error.diag.statement_position) - 1 - wrapper.index("{}")
    return checked.start + position if 0 <= position <= len(checked.text) else None
