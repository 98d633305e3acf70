"""Imports: a file is kept, loaded by a worker as a whole, and told of when it is done."""

import asyncio
import shutil
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import csv_file, loading, queries
from workbench.datasets.errors import DatasetNotFound, ImportNotFound, Malformed, refuse
from workbench.datasets.models import Import, Reject
from workbench.db.ids import new_id
from workbench.errors import Forbidden, NotFound
from workbench.outbox import commands as outbox
from workbench.permissions import Permission
from workbench.queue import commands as queue
from workbench.storage import Storage

MAX_NULL_TEXT = 20
MAX_FILE_NAME = 255
UNFINISHED = ("queued", "running")
# What the worker's own actor needs for an import that a member has started.
LOADER = (
    Permission.DATASET_READ,
    Permission.IMPORT_READ,
    Permission.IMPORT_START,
    Permission.ROW_READ,
    Permission.ROW_WRITE,
)


async def start_import(
    session: AsyncSession,
    actor: Actor,
    storage: Storage,
    dataset: str,
    file: BinaryIO,
    *,
    file_name: str,
    null_text: str = "",
) -> Import:
    """Keep a CSV in storage and have a worker load it into a dataset of the tenant."""
    actor.require(Permission.IMPORT_START)
    actor.require(Permission.ROW_WRITE)
    if actor.user_id is None:
        raise Forbidden("A person starts an import.")
    if len(null_text) > MAX_NULL_TEXT or not null_text.isprintable():
        raise refuse("null_text", f"must be at most {MAX_NULL_TEXT} printable characters")
    target = await session.scalar(queries.dataset(actor, dataset))
    if target is None:
        raise DatasetNotFound
    order = Import(
        tenant_id=actor.require_tenant(),
        id=new_id(),
        dataset_id=target.id,
        requested_by=actor.user_id,
        file_name=_shown(file_name),
        null_text=null_text,
        status="queued",
    )
    order.storage_key = Storage.key(order.tenant_id, "imports", order.id, "file.csv")
    try:
        await asyncio.to_thread(_keep, storage, order.storage_key, file)
        session.add(order)
        await session.flush()
        audit.record(session, actor, "import.start", f"dataset {dataset}", import_id=str(order.id))
        await queue.enqueue(
            session,
            "datasets.load",
            queue="imports",
            exclusive=f"imports of {order.tenant_id}",
            tenant_id=order.tenant_id,
            import_id=order.id,
        )
    except BaseException:
        await asyncio.to_thread(storage.remove, order.storage_key)
        raise
    return order


def _keep(storage: Storage, key: str, file: BinaryIO) -> None:
    with storage.write(key) as kept:
        shutil.copyfileobj(file, kept)


def _shown(file_name: str) -> str:
    """A file's name as it may be shown: it never names a path."""
    return "".join(c for c in file_name if c.isprintable())[:MAX_FILE_NAME] or "file.csv"


async def begin_import(session: AsyncSession, actor: Actor, import_id: UUID) -> Import:
    """Show that a worker has taken an import; one that has ended stays as it is."""
    order = await _locked(session, actor, import_id)
    if order.status in UNFINISHED:
        order.status = "running"
        audit.record(session, actor, "import.begin", f"import {order.id}")
    return order


async def load(session: AsyncSession, actor: Actor, storage: Storage, import_id: UUID) -> Import:
    """Load an import's file in the caller's transaction, and settle how the import ended.

    An import that has ended already is left alone, so a second try loads nothing twice. A file
    that cannot be read leaves no row. Any other error is the caller's: nothing stays, and
    `fail_import` in a transaction of its own says so.
    """
    order = await _locked(session, actor, import_id)
    if order.status not in UNFINISHED:
        return order
    outcome = loading.Outcome()
    try:
        async with session.begin_nested():
            outcome = await _load(session, order, storage)
    except (Malformed, NotFound) as error:
        await _settle(session, actor, order, "failed", str(error))
        return order
    await _keep_rejects(session, order, outcome)
    order.rows_loaded, order.rows_rejected = outcome.loaded, outcome.rejected
    if outcome.loaded:
        await _settle(session, actor, order, "partial" if outcome.rejected else "succeeded")
    else:
        reason = "Every row was refused." if outcome.rejected else "The file holds no rows."
        await _settle(session, actor, order, "failed", reason)
    return order


async def fail_import(session: AsyncSession, actor: Actor, import_id: UUID, error: str) -> Import:
    """Note that an import failed; one that has ended already stays as it is."""
    order = await _locked(session, actor, import_id)
    if order.status in UNFINISHED:
        await _settle(session, actor, order, "failed", error)
    return order


async def _load(session: AsyncSession, order: Import, storage: Storage) -> loading.Outcome:
    file = csv_file.decoded(await asyncio.to_thread(storage.read, order.storage_key))
    try:
        return await loading.load(session, order, file)
    finally:
        await asyncio.to_thread(file.close)


async def _locked(session: AsyncSession, actor: Actor, import_id: UUID) -> Import:
    actor.require(Permission.IMPORT_START)
    actor.require(Permission.ROW_WRITE)
    statement = queries.import_(actor, import_id).with_for_update(of=Import)
    order = await session.scalar(statement)
    if order is None:
        raise ImportNotFound
    return order


async def _keep_rejects(session: AsyncSession, order: Import, outcome: loading.Outcome) -> None:
    if not outcome.refused:
        return
    values = [
        {
            "tenant_id": order.tenant_id,
            "id": new_id(),
            "import_id": order.id,
            "line": refused.line,
            "column_name": refused.column,
            "value": refused.value,
            "reason": refused.reason,
        }
        for refused in outcome.refused
    ]
    await session.execute(insert(Reject), values)


async def _settle(
    session: AsyncSession, actor: Actor, order: Import, status: str, error: str | None = None
) -> None:
    order.status, order.error = status, error
    order.finished_at = await session.scalar(select(func.clock_timestamp()))
    audit.record(
        session,
        actor,
        "import.finish",
        f"import {order.id}",
        rows=order.rows_loaded,
        status=status,
        rows_rejected=order.rows_rejected,
    )
    outbox.put(session, actor, "imports.finished", import_id=order.id)
