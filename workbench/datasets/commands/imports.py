"""Imports as people order them: a file is kept and loaded by a worker, cancelled, or undone."""

import asyncio
from collections.abc import Sequence
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import queries, reading, rejects, replacing
from workbench.datasets.commands import keeping, loads
from workbench.datasets.errors import (
    DatasetNotFound,
    ImportEnded,
    ImportNotFound,
    NotRetried,
    NotUndone,
    refuse,
)
from workbench.datasets.models import Column, Import
from workbench.datasets.schemas import ImportOrder, Proposal, Reading
from workbench.db import live
from workbench.db.ids import new_id
from workbench.errors import Forbidden
from workbench.files.arrivals import Arrival
from workbench.outbox import commands as outbox
from workbench.permissions import Permission

MAX_NULL_TEXT = 20
MAX_FILE_NAME = 255
PREVIEW_BYTES = 1024**3  # what a packed file may unpack to for a preview


async def preview_import(
    session: AsyncSession, actor: Actor, file: BinaryIO, file_name: str, given: Reading
) -> Proposal:
    """Say how a file would be read and what could become of it; nothing of it is kept.

    Raise Malformed when it cannot be read.
    """
    actor.require(Permission.IMPORT_START)
    proposal = await asyncio.to_thread(_proposed, file, file_name, given)
    audit.record(session, actor, "import.preview", "a file", columns=len(proposal.columns))
    return proposal


def _proposed(file: BinaryIO, file_name: str, given: Reading) -> Proposal:
    again = rejects.sent_again(file, given)
    if again is None:
        return reading.proposed(file, file_name, given, most_bytes=PREVIEW_BYTES)
    with again[0] as corrected:
        return reading.proposed(corrected, file_name, again[1], most_bytes=PREVIEW_BYTES)


async def start_import(
    session: AsyncSession,
    actor: Actor,
    arrival: Arrival,
    dataset: str,
    *,
    file_name: str,
    order: ImportOrder | None = None,
    is_last: bool = True,
) -> Import:
    """Keep a file that has arrived and have a worker load it into a dataset of the tenant.

    Where it is not the last thing in its transaction, the caller settles the arrival at the end.
    """
    actor.require(Permission.IMPORT_START)
    actor.require(Permission.ROW_WRITE)
    order = order or ImportOrder()
    person = _person(actor)
    target = await session.scalar(queries.dataset(actor, dataset))
    if target is None:
        raise DatasetNotFound
    _check(order, target.definition.columns)
    made = Import(
        tenant_id=actor.require_tenant(),
        id=new_id(),
        dataset_id=target.id,
        requested_by=person,
        file_name=_shown(file_name),
        mode=order.mode,
        key_columns=order.key,
        reading=order.reading.model_dump(mode="json", exclude_none=True),
        most_rejects=order.most_rejects,
        reject_share=order.reject_share,
        status="queued",
        bytes_total=arrival.written.size,
    )
    made.file_id = await keeping.attach(session, actor, made, arrival)
    session.add(made)
    await session.flush()
    target_name, import_id = f"dataset {dataset}", str(made.id)
    audit.record(session, actor, "import.start", target_name, import_id=import_id, mode=made.mode)
    await loads.enqueue(session, made)
    if is_last:
        await keeping.settle(session, actor, arrival)
    return made


def _person(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise Forbidden("A person starts an import.")
    return actor.user_id


def _check(order: ImportOrder, columns: Sequence[Column]) -> None:
    null_text = order.reading.null_text
    if len(null_text) > MAX_NULL_TEXT or not null_text.isprintable():
        raise refuse("null_text", f"must be at most {MAX_NULL_TEXT} printable characters")
    known = {column.name for column in columns}
    for name in order.key:
        if name not in known:
            raise refuse("key", f"the dataset has no column {name}")


def _shown(file_name: str) -> str:
    """A file's name as it may be shown: it never names a path."""
    return "".join(c for c in file_name if c.isprintable())[:MAX_FILE_NAME] or "file.csv"


async def cancel_import(session: AsyncSession, actor: Actor, import_id: UUID) -> Import:
    """End an import that waits or works; what it has loaded so far does not stay.

    Its worker may read and write nothing more from this moment on.
    """
    actor.require(Permission.IMPORT_START)
    order = await loads.locked(session, actor, import_id)
    if order.status not in loads.UNFINISHED:
        raise ImportEnded
    audit.record(session, actor, "import.cancel", f"import {order.id}", attempt=order.attempt)
    await loads.settle(session, actor, order, "cancelled")
    await live.revoke(session, order.id)
    return order


async def retry_import(session: AsyncSession, actor: Actor, import_id: UUID) -> Import:
    """Have an import that failed or was cancelled loaded again, with the rights of who asks now."""
    actor.require(Permission.IMPORT_START)
    order = await loads.locked(session, actor, import_id)
    if order.status not in ("failed", "cancelled"):
        raise NotRetried
    order.status, order.requested_by = "queued", _person(actor)
    order.tries = order.rows_read = order.bytes_read = order.rows_rejected = 0
    order.progress = order.error = order.started_at = order.finished_at = None
    await loads.forget_rejects(session, actor, order)
    audit.record(session, actor, "import.retry", f"import {order.id}")
    await loads.enqueue(session, order)
    await keeping.drop_rejects(session, actor, order)
    return order


async def undo_import(session: AsyncSession, actor: Actor, import_id: UUID) -> Import:
    """Take the rows of an import away, and bring back those that it replaced; once.

    Raise NotUndone when it loaded nothing, was undone, or a later import replaced its rows.
    """
    actor.require(Permission.IMPORT_START)
    order = await loads.locked(session, actor, import_id)
    if order.undone_at is not None:
        raise NotUndone("This import has been undone already.")
    if order.status not in ("succeeded", "partial"):
        raise NotUndone("This import has loaded nothing that could be undone.")
    deleted, restored = await replacing.take_back(session, order)
    order.undone_at = await session.scalar(select(func.clock_timestamp()))
    undone = f"import {order.id}"
    audit.record(session, actor, "import.undo", undone, rows=deleted, rows_restored=restored)
    outbox.put(session, actor, "imports.undone", import_id=order.id)
    return order


async def read_rejects(session: AsyncSession, actor: Actor, import_id: UUID) -> tuple[Import, str]:
    """Note that somebody takes the refused rows of an import along; answer where they lie."""
    actor.require(Permission.IMPORT_READ)
    order = await session.scalar(queries.import_(actor, import_id))
    if order is None:
        raise ImportNotFound
    actor.require(Permission.ROW_READ, str(order.dataset.definition_id))
    place = await keeping.place_of_rejects(session, actor, order)
    target, rows = f"import {import_id}", order.rows_rejected
    audit.record(session, actor, "reject.export", target, rows=rows)
    return order, place
