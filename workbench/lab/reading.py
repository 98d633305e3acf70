"""Reading a query into a frame, through Arrow, as the actor of a ticket and nobody else.

Values never become SQL text: a statement is compiled to `$1, $2, …` and its values are bound.

Without values the rows arrive by COPY, a batch at a time. COPY takes no values; with some, the
driver would fetch the whole answer before its first row. So a cursor of PostgreSQL's is declared
with the values bound, and fetched from in batches.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias, cast
from uuid import UUID

import pandas as pd
import pyarrow as pa
from adbc_driver_manager import DatabaseError
from adbc_driver_postgresql import StatementOptions, dbapi
from pglast import ast, parse_sql, split
from pglast.parser import ParseError
from sqlalchemy import Executable, text
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from workbench.datasets import sql_places
from workbench.errors import Detail, Invalid
from workbench.runs.tickets import Ticket

TELL = (
    "select set_config('workbench.actor_token', $1, false), "
    "set_config('application_name', $2, false), set_config('search_path', $3, false), "
    "set_config('cursor_tuple_fraction', '1', false)"  # all rows of a cursor will be fetched
)
BATCH = 10_000
CANCELLED = "canceling statement due to user request"
MESSAGE, PLACE = b"PG_DIAG_MESSAGE_PRIMARY", b"PG_DIAG_STATEMENT_POSITION"
DECLARE = "declare workbench_rows no scroll cursor for "
FETCH = f"fetch forward {BATCH} from workbench_rows"
Dtypes: TypeAlias = Literal["numpy", "arrow"]
DIALECT = asyncpg.dialect()  # the one that numbers its parameters; its driver is not used


class BadQuery(Invalid):
    """PostgreSQL refuses this query."""

    code = "bad_query"


class Cancelled(BadQuery):
    """The statement was cancelled, and is gone from the database."""

    code = "cancelled"


class Rows(NamedTuple):
    """What a statement answers: its columns, and batches of rows that arrive when asked for."""

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]


def frame(ticket: Ticket, sql: str, values: list[Any], dtypes: Dtypes = "numpy") -> pd.DataFrame:
    """Execute one statement and read all of its rows; raise BadQuery when it is refused."""
    return _frame(table(ticket, sql, values), dtypes)


def table(ticket: Ticket, sql: str, values: list[Any]) -> pa.Table:
    """Execute one statement and read all of its rows as Arrow; raise BadQuery when refused."""
    with _executed(ticket, sql, values) as rows:
        return pa.Table.from_batches(rows.batches, rows.schema)


def chunks(
    ticket: Ticket, sql: str, values: list[Any], rows: int, dtypes: Dtypes = "numpy"
) -> Iterator[pd.DataFrame]:
    """Execute one statement and read so many rows at a time, none of which is kept.

    A statement without rows gives one empty frame, which still has its columns.
    """
    with _executed(ticket, sql, values) as found:
        for sized in _sized(found, rows):
            yield _frame(sized, dtypes)


@contextmanager
def _executed(ticket: Ticket, sql: str, values: list[Any]) -> Iterator[Rows]:
    """What the statement answers to the ticket's actor."""
    try:
        with dbapi.connect(ticket.database_url) as connection, connection.cursor() as cursor:
            name = f"workbench {ticket.run_id or 'lab'}"
            cursor.execute(TELL, [ticket.actor_token, name, ticket.search_path])
            cursor.fetchall()
            yield _answer(cursor, sql, values)
    except (DatabaseError, OSError) as error:
        raise _refused(error, sql, values) from None


def _answer(cursor: dbapi.Cursor, sql: str, values: list[Any]) -> Rows:
    if not values or not _is_select(sql):
        cursor.execute(sql, values or None)
        reader = cursor.fetch_record_batch()
        return Rows(reader.schema, reader)
    cursor.execute(DECLARE + sql, values)
    cursor.adbc_statement.set_options(**{StatementOptions.USE_COPY.value: "false"})
    first = _fetched(cursor)
    return Rows(first.schema, _batches(cursor, first))


def _batches(cursor: dbapi.Cursor, first: pa.Table) -> Iterator[pa.RecordBatch]:
    found = first
    while found.num_rows:
        yield from found.to_batches()
        found = _fetched(cursor)


def _fetched(cursor: dbapi.Cursor) -> pa.Table:
    cursor.execute(FETCH)
    return cursor.fetch_arrow_table()


def _is_select(sql: str) -> bool:
    """Whether a cursor can be declared for it; what cannot be parsed PostgreSQL shall refuse."""
    try:
        (parsed,) = parse_sql(sql)
    except (ParseError, ValueError):
        return False
    return isinstance(parsed.stmt, ast.SelectStmt)


def single(sql: str) -> str:
    """The statement without the semicolon that ends it; any other text as it is."""
    try:
        found = split(sql)
    except ParseError:
        return sql
    return str(found[0]) if len(found) == 1 else sql


def _sized(rows: Rows, size: int) -> Iterator[pa.Table]:
    """Tables of so many rows each, the last of which may have fewer."""
    held = rows.schema.empty_table()
    is_first = True
    for batch in rows.batches:
        held = pa.concat_tables([held, pa.Table.from_batches([batch])])
        while held.num_rows >= size:
            yield held.slice(0, size)
            held, is_first = held.slice(size), False
    if held.num_rows or is_first:
        yield held


def bound(query: Executable | str, parameters: dict[str, Any]) -> tuple[str, list[Any]]:
    """The text of a query, and the values that are bound to it; plain text stays as it is."""
    if isinstance(query, str):
        return compiled(text(query), parameters) if parameters else (query, [])
    return compiled(query, parameters)


def compiled(statement: Executable, parameters: dict[str, Any]) -> tuple[str, list[Any]]:
    """The statement's text with numbered parameters, and their values in that order."""
    element = cast("ClauseElement", statement)
    options = {"render_postcompile": True}
    form = cast("SQLCompiler", element.compile(dialect=DIALECT, compile_kwargs=options))
    values = form.construct_params(parameters)
    return str(form), [bindable(values[name]) for name in form.positiontup or ()]


def bindable(value: Any) -> Any:
    """A value as the driver takes it; NumPy's and pandas' own become Python's."""
    value = value.tolist() if hasattr(value, "tolist") else value
    return str(value) if isinstance(value, UUID | Decimal) else value


def _frame(found: pa.Table, dtypes: Dtypes) -> pd.DataFrame:
    """The rows as a frame: what PostgreSQL calls numeric becomes a float, an id becomes text."""
    columns = [_column(found.column(i), found.schema.field(i)) for i in range(found.num_columns)]
    mapper = pd.ArrowDtype if dtypes == "arrow" else None
    plain = pa.table(columns, names=found.column_names)
    frame: pd.DataFrame = plain.to_pandas(types_mapper=mapper)
    return frame


def _column(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    kind = getattr(field.type, "type_name", "")
    if kind == "numeric":
        return column.cast(field.type.storage_type).cast(pa.float64())
    if getattr(field.type, "extension_name", "") == "arrow.uuid":
        return pa.chunked_array([[_id(value) for value in column.to_pylist()]], pa.string())
    return column


def _id(value: Any) -> str | None:
    return None if value is None else str(value)


def _refused(error: Exception, sql: str, values: list[Any]) -> BadQuery:
    """What PostgreSQL says, and in the details where; the driver cancels when interrupted."""
    if CANCELLED in str(error):
        return Cancelled()
    told = dict(getattr(error, "details", None) or ())
    line = _first_line(error)
    message = told[MESSAGE].decode() if MESSAGE in told else line.rpartition("ERROR:  ")[2]
    before = len(DECLARE) if values and _is_select(sql) else 0
    start = int(told.get(PLACE, 0)) - 1 - before
    place = sql_places.position(sql, start) if 0 <= start <= len(sql) else None
    return BadQuery(line, details=[Detail("sql", message, place)])


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:500]
