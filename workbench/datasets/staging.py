"""Staging: a typed table of one import, filled by PostgreSQL's binary COPY.

PostgreSQL has no COPY into a table with policies. An owner function makes the table inside the
import's transaction, so nobody else ever sees it and nothing of it outlives a failure.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder
from psycopg import sql
from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.datasets import driver
from workbench.datasets.errors import Malformed

TOO_LONG = "A row of the file is too long to store."
OPEN = text("select workbench.open_staging(:import, :types)").bindparams(
    bindparam("types", type_=ARRAY(Text()))
)
CLOSE = text("select workbench.close_staging(:import)")
PAGES = text(
    "select pg_relation_size(cast(:name as regclass)) "
    "/ cast(current_setting('block_size') as bigint)"
)
ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


class Encoder:
    """Blocks of typed columns as one binary COPY: `begin`, any number of `block`, `end`."""

    def __init__(self, types: Sequence[str]) -> None:
        """For columns of these types, after the line of each row."""
        fields = [(f"c{place}", ARROW[name]) for place, name in enumerate(types, start=1)]
        self._schema = pa.schema([("line", pa.int64()), *fields])
        self._encoder = ArrowToPostgresBinaryEncoder(self._schema)

    def begin(self) -> bytes:
        """What stands before all rows."""
        return bytes(self._encoder.write_header())

    def block(self, lines: Any, batch: Any) -> bytes:
        """The rows of an Arrow RecordBatch with their lines."""
        arrays = [lines, *batch.columns]
        return bytes(
            self._encoder.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        )

    def end(self) -> bytes:
        """What stands after all rows."""
        return bytes(self._encoder.finish())


async def begin(session: AsyncSession, import_id: UUID, types: Sequence[str]) -> None:
    """Make the staging table of an import."""
    await session.execute(OPEN, {"import": import_id, "types": list(types)})


async def fill(session: AsyncSession, import_id: UUID, encoded: Callable[[], bytes | None]) -> None:
    """Copy what `encoded` answers until it answers None; it works in a thread, one block ahead.

    So the next block is read while PostgreSQL takes this one, and the loop answers others.
    """
    connection = await driver.of(session)
    table = sql.Identifier("staging", f"i_{import_id.hex}")
    statement = sql.SQL("copy {} from stdin (format binary)").format(table)
    ahead = asyncio.ensure_future(asyncio.to_thread(encoded))
    try:
        async with connection.cursor() as cursor, cursor.copy(statement) as copy:
            while (data := await asyncio.shield(ahead)) is not None:
                ahead = asyncio.ensure_future(asyncio.to_thread(encoded))
                await copy.write(data)
    except psycopg.errors.ProgramLimitExceeded as error:
        raise Malformed(TOO_LONG) from error
    finally:
        # The thread still reads the file, which is closed next.
        with suppress(Exception):
            await asyncio.shield(ahead)


async def pages(session: AsyncSession, import_id: UUID) -> int:
    """How many pages the staging table has."""
    return int(await session.scalar(PAGES, {"name": f"staging.i_{import_id.hex}"}) or 0)


async def end(session: AsyncSession, import_id: UUID) -> None:
    """Drop the staging table."""
    await session.execute(CLOSE, {"import": import_id})
