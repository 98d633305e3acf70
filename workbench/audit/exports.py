"""The audit as a file: JSON Lines that anybody can verify, or CSV for a spreadsheet."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from workbench import formulas
from workbench.actor import Actor
from workbench.audit import chain, commands, queries, verifying
from workbench.db.session import Database
from workbench.errors import Unavailable
from workbench.permissions import Permission

COLUMNS = ("position", *chain.FIELDS, "previous", "hash")


class Broken(Unavailable):
    """The chain of the audit is broken; `workbench audit verify` tells where."""

    code = "audit_broken"


class Format(StrEnum):
    """How an exported audit is written."""

    CSV = "csv"
    JSONL = "jsonl"

    @property
    def media_type(self) -> str:
        """The type of the file."""
        return {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}[self.value]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a chain without gaps, from one position to another, and how many it holds."""

    first: int
    last: int
    rows: int


async def begin(
    database: Database,
    actor: Actor,
    format_: Format,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Span:
    """Note an export, seal what waits, and answer the piece of the chain that it takes.

    The piece has no gaps: between the first and the last entry of the time it holds every one.
    """
    actor.require(Permission.AUDIT_READ)
    period: Any = {"since": since and chain.moment(since), "until": until and chain.moment(until)}
    await _seal(database, actor)
    async with database.session(actor) as session:
        rows = (await session.execute(queries.span(actor, since, until))).one()[2]
        commands.record(
            session, actor, "audit.export", "audit", rows=rows, format=format_.value, **period
        )
    await _seal(database, actor)
    async with database.session(actor) as session:
        first, last, rows = (await session.execute(queries.span(actor, since, until))).one()
    return Span(first, last, rows)


async def _seal(database: Database, actor: Actor) -> None:
    sealer = commands.sealer(actor.require_tenant())
    async with database.session(sealer) as session:
        while await commands.seal(session, sealer):
            pass


async def lines(
    database: Database, actor: Actor, piece: Span, format_: Format
) -> AsyncIterator[str]:
    """Write a piece of the chain, line by line, in memory that does not grow with it."""
    write = {Format.CSV: _csv, Format.JSONL: _json}[format_]
    if format_ is Format.CSV:
        yield _row(COLUMNS)
    previous = chain.START
    after = piece.first - 1
    async with database.session(actor) as session:
        before = await session.scalar(queries.link_at(actor, after))
        purged = await session.scalar(queries.last_purge(actor))
    if before is not None:
        previous = before.hash
    elif purged is not None and purged.position == after:
        previous = purged.hash
    async for row in verifying.links(database, actor, after=after, upto=piece.last):
        if row["id"] is None:
            raise Broken
        yield write(row, previous)
        previous = row["hash"]


def _csv(row: Mapping[Any, Any], previous: bytes) -> str:
    fields = (text or "" for text in chain.fields_of(row))
    return _row([str(row["position"]), *fields, previous.hex(), row["hash"].hex()])


def _row(cells: Any) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([formulas.defused(cell) for cell in cells])
    return buffer.getvalue()


def _json(row: Mapping[Any, Any], previous: bytes) -> str:
    fields = dict(zip(chain.FIELDS, chain.fields_of(row), strict=True))
    # As PostgreSQL printed them: their text is what was hashed.
    details, rows = fields.pop("details"), fields.pop("rows")
    ends = {"previous": previous.hex(), "hash": row["hash"].hex()}
    head, tail = json.dumps({"position": row["position"]} | fields), json.dumps(ends)
    return f'{head[:-1]}, "rows": {rows or "null"}, "details": {details}, {tail[1:]}\n'
