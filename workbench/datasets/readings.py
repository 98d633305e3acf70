"""One statement on a reader's connection of its own, and its answer in blocks of a file.

None is held as a whole. A CSV is PostgreSQL's own; of its binary COPY format the driver makes the
columns of Arrow and Parquet, so that no row becomes an object of Python's.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import psycopg

from workbench.actor import Actor
from workbench.datasets import sql
from workbench.datasets.export_formats import Format, encoded
from workbench.datasets.plain import Plain
from workbench.db.session import Database

LIMIT = "1h"
BLOCK = 256 * 1024
BOM = b"\xef\xbb\xbf"  # by which Excel knows UTF-8
TELL = (
    "select set_config('workbench.actor_token', {}, false), "
    "set_config('application_name', {}, false), set_config('search_path', {}, false), "
    "set_config('TimeZone', 'UTC', false), set_config('default_transaction_read_only', 'on', false)"
    f", set_config('statement_timeout', '{LIMIT}', false)"
)
SET = "select set_config({}, {}, false)"

Block = tuple[int, bytes]


class Reading(Protocol):
    """What an export reads from; only `cancel` may be called by another thread."""

    def blocks(self, plain: Plain) -> Iterator[Block]:
        """The file in blocks, each with how many rows it brings."""
        ...

    def cancel(self) -> None:
        """End the statement that runs."""
        ...

    def close(self) -> None:
        """Give the connection up."""
        ...


def opened(database: Database, actor: Actor, format_: Format, *, bom: bool) -> Reading:
    """Connect as the reader and say who asks."""
    told = (
        database.key.mint(actor),
        f"workbench {actor.sid or actor.subject}",
        sql.search_path(actor),
    )
    url = database.logins.reader.set(drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    if format_ is Format.CSV:
        return CsvReading(address, told, bom=bom)
    return ArrowReading(address, told, format_)


class CsvReading:
    """A CSV, as PostgreSQL writes it."""

    def __init__(self, address: str, told: tuple[str, ...], *, bom: bool) -> None:
        """Connect, and say who asks."""
        self._connection = psycopg.connect(address, autocommit=True)
        self._connection.execute(TELL.format("%s", "%s", "%s"), told)
        self._mark = BOM if bom else b""

    def blocks(self, plain: Plain) -> Iterator[Block]:
        """The file in blocks, each with how many rows it brings."""
        for name, value in plain.settings.items():
            self._connection.execute(SET.format("%s", "%s"), (name, value))
        rows, lines, size = -1, [self._mark], 0  # the first line is the header
        with self._connection.cursor() as cursor, cursor.copy(plain.as_csv.encode()) as copy:
            for line in copy:
                lines.append(bytes(line))
                size += len(line)
                rows += 1
                if size > BLOCK:
                    yield rows, b"".join(lines)
                    rows, lines, size = 0, [], 0
        yield rows, b"".join(lines)

    def cancel(self) -> None:
        """End the statement that runs."""
        self._connection.cancel_safe()

    def close(self) -> None:
        """Give the connection up."""
        self._connection.close()


class ArrowReading:
    """Columns, as Arrow or Parquet."""

    def __init__(self, address: str, told: tuple[str, ...], format_: Format) -> None:
        """Connect, and say who asks."""
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415 (it takes a moment)

        self._format = format_
        self._connection = dbapi.connect(address)
        self._cursor: Any = self._connection.cursor()
        self._cursor.execute(TELL.format("$1", "$2", "$3"), list(told))
        self._cursor.fetchall()

    def blocks(self, plain: Plain) -> Iterator[Block]:
        """The file in blocks, each with how many rows it brings."""
        for name, value in plain.settings.items():
            self._cursor.execute(SET.format("$1", "$2"), [name, value])
            self._cursor.fetchall()
        self._cursor.execute(plain.text)
        yield from encoded(self._cursor.fetch_record_batch(), self._format)

    def cancel(self) -> None:
        """End the statement that runs."""
        self._cursor.adbc_cancel()

    def close(self) -> None:
        """Give the connection up."""
        self._cursor.close()
        self._connection.close()
