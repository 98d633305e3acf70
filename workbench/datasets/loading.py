"""From a file to a dataset's rows: typed blocks into staging, and from there through the policy.

All of it happens in the caller's transaction. The file is staged as a whole before the first row
is stored: an import that fails half way leaves no dead rows in the dataset's table, and what other
members change there waits for an import only while it stores.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import psycopg
from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    CursorResult,
    TableClause,
    column,
    insert,
    literal,
    literal_column,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.datasets import replacing, staging, tables
from workbench.datasets.errors import Malformed, TooManyRejects
from workbench.datasets.models import Import
from workbench.datasets.progress import Progress
from workbench.datasets.reading import Block, Source
from workbench.datasets.rejects import Rejects

SLICE_ROWS = 1_000_000
CTID: ColumnClause[Any] = column("ctid")

Tell = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """One load: the import, its open file, what is refused, how far it is.

    `tell` tells PostgreSQL anew who asks, since what it was told expires.
    """

    order: Import
    source: Source
    rejects: Rejects
    progress: Progress
    tell: Tell

    @property
    def types(self) -> list[str]:
        """The type of each staged column."""
        return [wanted.type for wanted in self.source.matched]

    @property
    def staged(self) -> TableClause:
        """The staging table."""
        return tables.staging(self.order.id, self.types)


@dataclass(slots=True)
class Reader:
    """The file's rows, encoded for COPY, in the thread that reads them."""

    job: Job
    staged: int = 0
    _encoded: Iterator[bytes] | None = field(default=None)

    def __call__(self) -> bytes | None:
        """The next piece of the COPY; None at its end."""
        self._encoded = self._encoded or self._pieces()
        return next(self._encoded, None)

    def _pieces(self) -> Iterator[bytes]:
        encoder = staging.Encoder(self.job.types)
        yield encoder.begin()
        for block in self.job.source.blocks():
            self._note(block)
            # When too many are refused already the rest is only read, to tell all that is wrong.
            if block.batch.num_rows and not _are_too_many(self.job):
                yield encoder.block(block.lines, block.batch)
                self.staged += block.batch.num_rows
        yield encoder.end()

    def _note(self, block: Block) -> None:
        self.job.rejects.add(block.refused)
        progress = self.job.progress
        progress.rows += block.batch.num_rows + len(block.refused)
        progress.bytes, progress.total = block.bytes_read, self.job.source.bytes_total


async def load(session: AsyncSession, job: Job) -> tuple[int, int]:
    """Load the job's file; answer how many rows it brought and how many gave way to them.

    Raise Malformed when the file cannot be read, TooManyRejects when more is refused than may be.
    """
    key = replacing.key(job.order, job.source.matched)
    await staging.begin(session, job.order.id, job.types)
    reader = Reader(job)
    await staging.fill(session, job.order.id, reader)
    staged = reader.staged
    if key and staged:
        staged -= await replacing.refuse(session, job, key)
    _check(job)
    await job.tell()
    try:
        replaced = await replacing.make_room(session, job, key) if staged else 0
        loaded = await _store(session, job, staged) if staged else 0
    except DBAPIError as error:
        raise _too_long(error) from error
    await staging.end(session, job.order.id)
    return loaded, replaced


def _are_too_many(job: Job) -> bool:
    most = job.order.most_rejects
    return most is not None and job.rejects.count > most


def _check(job: Job) -> None:
    """Raise TooManyRejects when the import is not to load what is left."""
    count, share = job.rejects.count, job.order.reject_share
    if _are_too_many(job):
        raise TooManyRejects(
            f"{count:,} rows were refused, {job.order.most_rejects:,} may be; nothing was loaded."
        )
    if share is not None and count > share * job.progress.rows:
        raise TooManyRejects(
            f"{count:,} of {job.progress.rows:,} rows were refused, a share of {share:g} may be; "
            "nothing was loaded."
        )


async def _store(session: AsyncSession, job: Job, staged: int) -> int:
    loaded = 0
    pages = await staging.pages(session, job.order.id)
    step = pages // max(1, -(-staged // SLICE_ROWS)) + 1
    for first in range(0, pages, step):
        await job.tell()
        result = await session.execute(_insert(job, first, first + step))
        loaded += cast("CursorResult[Any]", result).rowcount
        job.progress.stored = loaded / staged
    return loaded


def _insert(job: Job, first: int, end: int) -> Any:
    """The statement that stores what lies in some pages of the staging table."""
    order, staged = job.order, job.staged
    target = tables.rows(order.dataset.definition)
    cells = [cell for cell in staged.c if cell.name != "line"]
    source = (
        select(literal(order.tenant_id), literal(order.id), *cells)
        .select_from(staged)
        .where(_tid(first) <= CTID, _tid(end) > CTID)
    )
    names = ["tenant_id", "import_id", *(wanted.name for wanted in job.source.matched)]
    statement = insert(target).from_select(names, source)
    return statement.execution_options(preserve_rowcount=True)


def _tid(page: int) -> ColumnElement[Any]:
    found: ColumnElement[Any] = literal_column(f"'({page},0)'::tid")
    return found


def _too_long(error: DBAPIError) -> Exception:
    if isinstance(error.orig, psycopg.errors.ProgramLimitExceeded):
        return Malformed(staging.TOO_LONG)
    return error
