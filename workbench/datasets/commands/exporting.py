"""Rows that leave as a file, in memory that does not grow with them; each export is noted.

The audit knows of an export before its first row leaves, and of its end and how many rows left. An
export that breaks off, since access ended or the reader went away, lacks the end of its file.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import exports, readings, sql_export
from workbench.datasets.export_formats import Format
from workbench.datasets.models import Dataset
from workbench.datasets.plain import Plain
from workbench.datasets.readings import Block, Reading
from workbench.datasets.schemas import RowsExport
from workbench.datasets.slots import Slots
from workbench.datasets.sql import Asked
from workbench.datasets.sql_errors import SqlFailed
from workbench.db.session import Database
from workbench.errors import Unauthenticated, Unavailable
from workbench.permissions import Permission

SLOTS = Slots(2, "Your tenant's other exports still run; try again later.")
log = structlog.get_logger(__name__)
_endings: set["asyncio.Task[None]"] = set()


class BrokenOff(Unavailable):
    """The export broke off; its file is not whole."""

    code = "broken_off"


@dataclass(frozen=True, slots=True)
class _Export:
    database: Database
    actor: Actor
    plain: Plain
    format_: Format
    bom: bool
    target: str
    question: str


async def export_rows(
    database: Database,
    actor: Actor,
    dataset: Dataset,
    wanted: RowsExport,
    format_: Format,
    *,
    bom: bool = False,
) -> AsyncGenerator[bytes]:
    """Begin the export of a dataset's rows, and answer its blocks."""
    actor.require(Permission.ROW_EXPORT, str(dataset.definition_id))
    plain = exports.rows(actor, dataset, wanted)
    question = wanted.model_dump_json(exclude_defaults=True)
    target = f"dataset {dataset.definition.name}"
    return await _begun(_Export(database, actor, plain, format_, bom, target, question))


async def export_sql(
    database: Database,
    actor: Actor,
    statement: str | Asked,
    format_: Format,
    *,
    bom: bool = False,
) -> AsyncGenerator[bytes]:
    """Begin the export of what one statement answers, and answer its blocks.

    `Asked` brings parameters; how long it runs and how many rows it answers are not its to say.
    """
    actor.require(Permission.SQL_RUN)
    actor.require(Permission.ROW_EXPORT)
    asked = Asked(statement) if isinstance(statement, str) else statement
    async with database.reading(actor) as session:
        plain = await sql_export.exported(session, actor, asked)
    return await _begun(_Export(database, actor, plain, format_, bom, "sql", asked.sql))


async def _begun(export: _Export) -> AsyncGenerator[bytes]:
    """The blocks, once the first is there: what PostgreSQL refuses is said before any leaves."""
    await _note(export, "row.export", question=audit.kept(export.question))
    blocks = _blocks(export)
    first = await anext(blocks)

    async def all_blocks() -> AsyncGenerator[bytes]:
        try:
            yield first
            async for block in blocks:
                yield block
        finally:
            await blocks.aclose()

    return all_blocks()


async def _blocks(export: _Export) -> AsyncGenerator[bytes]:
    async with SLOTS.one(export.actor.require_tenant()):
        thread = ThreadPoolExecutor(1, "export")
        source = _Source(export)
        rows, outcome = 0, "broken"
        try:
            while (found := await _in(thread, source.next)) is not None:
                rows += found[0]
                if found[1]:
                    yield found[1]
            outcome = "succeeded"
        finally:
            # A task of its own: whoever reads may be gone, and cancels what is awaited here.
            ending = asyncio.create_task(_end(export, source, thread, rows, outcome))
            _endings.add(ending)
            ending.add_done_callback(_endings.discard)
            await asyncio.shield(ending)


class _Source:
    """The blocks of an export, made in one thread; only `cancel` may be called from another."""

    def __init__(self, export: _Export) -> None:
        self._export = export
        self._reading: Reading | None = None
        self._blocks: Iterator[Block] | None = None

    def next(self) -> Block | None:
        """The next block and how many rows it holds; None at the end."""
        try:
            if self._blocks is None:
                self._blocks = self._begin()
            return next(self._blocks, None)
        except Exception as error:
            raise _said(error) from error

    def _begin(self) -> Iterator[Block]:
        export = self._export
        self._reading = readings.opened(
            export.database, export.actor, export.format_, bom=export.bom
        )
        return self._reading.blocks(export.plain)

    def cancel(self) -> None:
        """End the statement, so that the thread gets free."""
        if self._reading is not None:
            with suppress(Exception):  # it may have ended by itself
                self._reading.cancel()

    def close(self) -> None:
        """Give the connection up."""
        self._blocks = None
        if self._reading is not None:
            with suppress(Exception):  # a statement that was cancelled says so once more
                self._reading.close()


async def _end(
    export: _Export, source: _Source, thread: ThreadPoolExecutor, rows: int, outcome: str
) -> None:
    if outcome != "succeeded":
        source.cancel()
    await _in(thread, source.close)
    thread.shutdown(wait=False)
    try:
        await _note(export, "row.exported", rows, outcome=outcome)
    except SQLAlchemyError as failure:  # access may have ended meanwhile, and with it the export
        log.warning("export_end_not_noted", reason=type(failure).__name__, rows=rows)


async def _note(export: _Export, action: str, rows: int | None = None, **details: Any) -> None:
    actor = export.actor
    async with export.database.session(actor) as session:
        format_ = export.format_.value
        audit.record(session, actor, action, export.target, rows=rows, format=format_, **details)


async def _in(thread: ThreadPoolExecutor, work: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(thread, work)


def _said(error: Exception) -> Exception:
    """What PostgreSQL's refusal means to the one who asked."""
    state = getattr(error, "sqlstate", None) or ""
    text = str(error)
    if state == "42501" or "actor token" in text:
        return Unauthenticated("Your sign-in has ended; sign in again.")
    if isinstance(error, OSError):  # how Arrow says that PostgreSQL ended the statement
        return BrokenOff()
    if state[:2] in ("21", "22", "42", "53", "54", "57"):
        return SqlFailed("PostgreSQL cannot answer this.")
    return error
