"""Imports as people order them: a file is kept and loaded by a worker, cancelled, or undone."""

import asyncio
from collections.abc import Sequence
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import queries, replacing
from workbench.datasets.commands import creating, keeping, loads, private
from workbench.datasets.errors import (
    DatasetNotFound,
    ImportEnded,
    ImportNotFound,
    NotRetried,
    NotUndone,
    refuse,
)
from workbench.datasets.models import Column, Dataset, Import
from workbench.datasets.schemas import ImportOrder, Proposal, Reading
from workbench.db import live
from workbench.db.ids import new_id
from workbench.errors import Forbidden
from workbench.files.arrivals import Arrival
from workbench.outbox import commands as outbox
from workbench.permissions import Permission

MAX_NULL_TEXT = 20
MAX_FILE_NAME = 255


async def preview_import(
    session: AsyncSession, actor: Actor, file: BinaryIO, file_name: str, given: Reading
) -> Proposal:
    """Say how a file would be read and what could become of it; nothing of it is kept.

    Raise Malformed when it cannot be read.
    """
    keeping.require_sender(actor)
    proposal = await asyncio.to_thread(creating.proposed, file, file_name, given)
    audit.record(session, actor, "import.preview", "a file", columns=len(proposal.columns))
    return proposal


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

    With mode `create` the dataset is made from the file first, in the same transaction, and the
    actor is its maker: `as_maker` gives one who can go on here. The import's dataset is loaded.
    Where this is not the last thing in its transaction, the caller settles the arrival at the end.
    """
    keeping.require_sender(actor)
    order = order or ImportOrder()
    _check_null_text(order.reading.null_text)
    if order.mode == "create":
        with await asyncio.to_thread(arrival.storage.read, arrival.storage_key) as file:
            target, order = await creating.define_from(
                session, actor, dataset, file, file_name, order
            )
        actor = private.as_maker(actor, target.definition)
    else:
        target = await _target(session, actor, dataset)
        _check_key(order, target.definition.columns)
    made = _made(actor, target, file_name, order)
    made.bytes_total = arrival.written.size
    made.file_id = await keeping.attach(session, actor, made, arrival)
    session.add(made)
    await session.flush()
    target_name, import_id = f"dataset {dataset}", str(made.id)
    audit.record(session, actor, "import.start", target_name, import_id=import_id, mode=made.mode)
    await loads.enqueue(session, made)
    if is_last:
        await keeping.settle(session, actor, arrival)
    return made


def _made(actor: Actor, target: Dataset, file_name: str, order: ImportOrder) -> Import:
    """The import as it waits for a worker; it has no file yet."""
    made = Import(
        tenant_id=actor.require_tenant(),
        id=new_id(),
        dataset_id=target.id,
        requested_by=_person(actor),
        file_name=_shown(file_name),
        mode=order.mode,
        key_columns=order.key,
        reading=order.reading.model_dump(mode="json", exclude_none=True),
        most_rejects=order.most_rejects,
        reject_share=order.reject_share,
        status="queued",
    )
    set_committed_value(made, "dataset", target)
    return made


async def _target(session: AsyncSession, actor: Actor, dataset: str) -> Dataset:
    target = await session.scalar(queries.dataset(actor, dataset))
    if target is None:
        raise DatasetNotFound
    loads.require_on(actor, target.definition_id)
    return target


def _person(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise Forbidden("A person starts an import.")
    return actor.user_id


def _check_key(order: ImportOrder, columns: Sequence[Column]) -> None:
    known = {column.name for column in columns}
    for name in order.key:
        if name not in known:
            raise refuse("key", f"the dataset has no column {name}")


def _check_null_text(null_text: str) -> None:
    if len(null_text) > MAX_NULL_TEXT or not null_text.isprintable():
        raise refuse("null_text", f"must be at most {MAX_NULL_TEXT} printable characters")


def _shown(file_name: str) -> str:
    """A file's name as it may be shown: it never names a path."""
    return "".join(c for c in file_name if c.isprintable())[:MAX_FILE_NAME] or "file.csv"


async def cancel_import(session: AsyncSession, actor: Actor, import_id: UUID) -> Import:
    """End an import that waits or works; what it has loaded so far does not stay.

    Its worker may read and write nothing more from this moment on.
    """
    actor.require_somewhere(Permission.IMPORT_START)
    order = await loads.locked(session, actor, import_id)
    if order.status not in loads.UNFINISHED:
        raise ImportEnded
    audit.record(session, actor, "import.cancel", f"import {order.id}", attempt=order.attempt)
    await loads.settle(session, actor, order, "cancelled")
    await live.revoke(session, order.id)
    return order


async def retry_import(session: AsyncSession, actor: Actor, import_id: UUID) -> Import:
    """Have an import that failed or was cancelled loaded again, with the rights of who asks now."""
    actor.require_somewhere(Permission.IMPORT_START)
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
    actor.require_somewhere(Permission.IMPORT_START)
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
    actor.require_somewhere(Permission.IMPORT_READ)
    order = await session.scalar(queries.import_(actor, import_id))
    if order is None:
        raise ImportNotFound
    for permission in (Permission.IMPORT_READ, Permission.ROW_READ):
        actor.require(permission, str(order.dataset.definition_id))
    place = await keeping.place_of_rejects(session, actor, order)
    target, rows = f"import {import_id}", order.rows_rejected
    audit.record(session, actor, "reject.export", target, rows=rows)
    return order, place
