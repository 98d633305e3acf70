"""From a file to a dataset's rows: staging, then casts through the policy, and what is refused."""

import asyncio
import typing
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Integer,
    TableClause,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.datasets import driver, tables
from workbench.datasets.column_types import TYPES
from workbench.datasets.csv_file import CsvFile
from workbench.datasets.errors import Malformed
from workbench.datasets.models import Column, Definition, Import

MAX_REJECTS = 10_000
MAX_VALUE = 200
OPEN = text("select workbench.open_staging(:import, :width)")
CLOSE = text("select workbench.close_staging(:import)")
LOCAL = text("select set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true)")


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not loaded, the cell to blame if there is one, and why."""

    line: int
    reason: str
    column: str | None = None
    value: str | None = None


@dataclass(slots=True)
class Outcome:
    """How many rows an import loaded and refused; `refused` keeps the first 10,000 in detail."""

    loaded: int = 0
    rejected: int = 0
    refused: list[Refused] = field(default_factory=list)

    def set_aside(self, line: int, reason: str) -> None:
        """Note a row that never reached the staging table."""
        if len(self.refused) < MAX_REJECTS:
            self.refused.append(Refused(line, reason))


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of the file: where it lies in staging and what it is to become."""

    column: Column
    raw: ColumnElement[str]
    given: ColumnElement[str]

    @property
    def value(self) -> ColumnElement[Any]:
        """The cell as the column's type."""
        return cast(self.given, TYPES[self.column.type].sql)

    @property
    def fits(self) -> ColumnElement[bool] | None:
        """Whether the cell can become a value; None when every cell can."""
        return TYPES[self.column.type].fits(self.given)


async def load(session: AsyncSession, order: Import, file: TextIO) -> Outcome:
    """Load a text's rows in the caller's transaction; raise Malformed when it is no such CSV."""
    definition = order.dataset.definition
    outcome = Outcome()
    known = {column.name for column in definition.columns}
    csv_file = await asyncio.to_thread(CsvFile, file, known, outcome.set_aside)
    await session.execute(LOCAL)
    await session.execute(OPEN, {"import": order.id, "width": len(csv_file.header)})
    await _copy(session, order.id, csv_file)
    staging = tables.staging(order.id, len(csv_file.header))
    cells = _cells(definition, csv_file.header, staging, order.null_text)
    outcome.rejected = csv_file.ragged + await _refuse(session, staging, cells, outcome)
    clean = outcome.rejected == csv_file.ragged
    try:
        outcome.loaded = await _insert(session, order, staging, cells, clean=clean)
    except DBAPIError as error:
        raise _too_big(error) from error
    await session.execute(CLOSE, {"import": order.id})
    return outcome


async def _copy(session: AsyncSession, import_id: UUID, csv_file: CsvFile) -> None:
    connection = await driver.of(session)
    table = sql.Identifier("staging", f"i_{import_id.hex}")
    statement = sql.SQL("copy {} from stdin").format(table)
    try:
        async with connection.cursor() as cursor, cursor.copy(statement) as copy:
            # Another thread reads and splits, so that the loop answers others meanwhile.
            while block := await asyncio.to_thread(csv_file.block):
                await copy.write(block)
    except psycopg.errors.ProgramLimitExceeded as error:
        raise Malformed("A row of the file is too long to store.") from error


def _cells(
    definition: Definition, header: Sequence[str], staging: TableClause, null_text: str
) -> list[Cell]:
    columns = {column.name: column for column in definition.columns}
    return [
        _cell(columns[name], staging.c[f"c{number}"], null_text)
        for number, name in enumerate(header, start=1)
    ]


def _cell(column: Column, raw: ColumnElement[str], null_text: str) -> Cell:
    given: ColumnElement[str] = func.nullif(raw, null_text)
    if column.type != "text" and null_text:
        given = func.nullif(given, "")  # an empty cell can be a text, but no number or date
    return Cell(column, raw, given)


def _blame(cells: Sequence[Cell]) -> ColumnElement[int]:
    """The place of the first cell that does not fit, NULL when all do."""
    conditions = [
        (~fits, literal(place))
        for place, cell in enumerate(cells)
        if (fits := cell.fits) is not None
    ]
    return case(*conditions) if conditions else cast(null(), Integer)


async def _refuse(
    session: AsyncSession, staging: TableClause, cells: Sequence[Cell], outcome: Outcome
) -> int:
    """Add the rows with a cell that does not fit to the outcome; answer how many there are."""
    judged = select(staging, _blame(cells).label("blame")).subquery()
    bad = judged.c.blame.is_not(None)
    value = case(
        *((judged.c.blame == place, judged.c[cell.raw.name]) for place, cell in enumerate(cells))
    )
    statement = (
        select(judged.c.line, judged.c.blame, func.left(value, MAX_VALUE).label("value"))
        .where(bad)
        .order_by(judged.c.line)
        .limit(MAX_REJECTS)
    )
    found = (await session.execute(statement)).all()
    for row in found:
        column = cells[row.blame].column
        reason = f"must be {TYPES[column.type].expected}"
        outcome.refused.append(Refused(row.line, reason, column.name, row.value))
    outcome.refused = sorted(outcome.refused, key=lambda refused: refused.line)[:MAX_REJECTS]
    if len(found) < MAX_REJECTS:
        return len(found)
    return await session.scalar(select(func.count()).select_from(judged).where(bad)) or 0


async def _insert(
    session: AsyncSession,
    order: Import,
    staging: TableClause,
    cells: Sequence[Cell],
    *,
    clean: bool,
) -> int:
    target = tables.rows(order.dataset.definition)
    source = select(
        literal(order.tenant_id), literal(order.id), *(cell.value for cell in cells)
    ).select_from(staging)
    if not clean:
        source = source.where(_blame(cells).is_(None))
    names = ["tenant_id", "import_id", *(cell.column.name for cell in cells)]
    statement = insert(target).from_select(names, source)
    result = await session.execute(statement.execution_options(preserve_rowcount=True))
    return typing.cast("CursorResult[Any]", result).rowcount


def _too_big(error: DBAPIError) -> Exception:
    if isinstance(error.orig, psycopg.errors.ProgramLimitExceeded):
        return Malformed("A row of the file is too long to store.")
    return error
