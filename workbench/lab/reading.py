"""Reading a query into a frame, through Arrow, as the actor of a ticket and nobody else.

Values never become SQL text: a statement is compiled to `$1, $2, …` and its values are bound.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Literal, TypeAlias, cast
from uuid import UUID

import pandas as pd
import pyarrow as pa
from adbc_driver_manager import DatabaseError
from adbc_driver_postgresql import dbapi
from sqlalchemy import Executable, text
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from workbench.errors import Invalid
from workbench.runs.tickets import Ticket

TELL = (
    "select set_config('workbench.actor_token', $1, false), "
    "set_config('application_name', $2, false), set_config('search_path', $3, false)"
)
Dtypes: TypeAlias = Literal["numpy", "arrow"]
DIALECT = asyncpg.dialect()  # the one that numbers its parameters; its driver is not used


class BadQuery(Invalid):
    """PostgreSQL refuses this query."""

    code = "bad_query"


def frame(ticket: Ticket, sql: str, values: list[Any], dtypes: Dtypes = "numpy") -> pd.DataFrame:
    """Execute one statement and read all of its rows; raise BadQuery when it is refused."""
    with _executed(ticket, sql, values) as cursor:
        return _frame(cursor.fetch_arrow_table(), dtypes)


def chunks(
    ticket: Ticket, sql: str, values: list[Any], rows: int, dtypes: Dtypes = "numpy"
) -> Iterator[pd.DataFrame]:
    """Execute one statement and read so many rows at a time, none of which is kept.

    A statement without rows gives one empty frame, which still has its columns.
    """
    with _executed(ticket, sql, values) as cursor:
        reader = cursor.fetch_record_batch()
        for table in _sized(reader, rows):
            yield _frame(table, dtypes)


@contextmanager
def _executed(ticket: Ticket, sql: str, values: list[Any]) -> Iterator[dbapi.Cursor]:
    """A cursor that has executed the statement as the ticket's actor."""
    try:
        with dbapi.connect(ticket.database_url) as connection, connection.cursor() as cursor:
            name = f"workbench {ticket.run_id or 'lab'}"
            cursor.execute(TELL, [ticket.actor_token, name, ticket.search_path])
            cursor.fetchall()
            cursor.execute(sql, values or None)
            yield cursor
    except (DatabaseError, OSError) as error:
        raise BadQuery(_first_line(error)) from None


def _sized(reader: pa.RecordBatchReader, rows: int) -> Iterator[pa.Table]:
    """Tables of so many rows each, the last of which may have fewer."""
    held = reader.schema.empty_table()
    is_first = True
    for batch in reader:
        held = pa.concat_tables([held, pa.Table.from_batches([batch])])
        while held.num_rows >= rows:
            yield held.slice(0, rows)
            held, is_first = held.slice(rows), False
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
    return str(form), [_bindable(values[name]) for name in form.positiontup or ()]


def _bindable(value: Any) -> Any:
    return str(value) if isinstance(value, UUID | Decimal) else value


def _frame(table: pa.Table, dtypes: Dtypes) -> pd.DataFrame:
    """The rows as a frame: what PostgreSQL calls numeric becomes a float, an id becomes text."""
    columns = [_column(table.column(i), table.schema.field(i)) for i in range(table.num_columns)]
    mapper = pd.ArrowDtype if dtypes == "arrow" else None
    plain = pa.table(columns, names=table.column_names)
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


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:500]
