"""Rows as Arrow record batches: read by the reader on a connection of its own, a piece at a time.

PostgreSQL sends its binary COPY format and the driver makes columns of it, so that no row becomes
an object of Python's and no answer is held as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql
from sqlalchemy.dialects.postgresql import psycopg as dialect

from workbench.actor import Actor
from workbench.db.session import Database

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Executable

LIFETIME = "1h"
TELL = (
    "select set_config('workbench.actor_token', $1, false), "
    "set_config('application_name', $2, false), set_config('search_path', $3, false), "
    "set_config('TimeZone', 'UTC', false), set_config('default_transaction_read_only', 'on', false)"
    f", set_config('statement_timeout', '{LIFETIME}', false)"
)
DIALECT = dialect.dialect()


class Reading:
    """One statement at work on a connection of its own; none of it belongs to a pool."""

    def __init__(self, database: Database, actor: Actor, search_path: str) -> None:
        """Connect as the reader and say who asks."""
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415 (it takes a moment)

        url = database.logins.reader.set(drivername="postgresql")
        self._connection = dbapi.connect(url.render_as_string(hide_password=False))
        self._cursor = self._connection.cursor()
        told = [database.key.mint(actor), f"workbench {actor.sid or actor.subject}", search_path]
        self._cursor.execute(TELL, told)
        self._cursor.fetchall()

    def execute(self, statement: str) -> pa.RecordBatchReader:
        """Begin a statement and answer what reads its batches."""
        self._cursor.execute(statement)
        return self._cursor.fetch_record_batch()

    def cancel(self) -> None:
        """End the statement that runs; another thread may ask for it."""
        self._cursor.adbc_cancel()

    def close(self) -> None:
        """Give the connection up."""
        self._cursor.close()
        self._connection.close()


def text_of(statement: Executable) -> str:
    """A statement with its values written as literals, for COPY takes no parameters."""
    form: Any = statement.compile(  # type: ignore[attr-defined] # every Executable compiles
        dialect=DIALECT, compile_kwargs={"render_postcompile": True}
    )
    # In brackets, since a cast would bind before a minus.
    values = {name: f"({sql.quote(value)})" for name, value in form.construct_params().items()}
    return str(form) % values
