"""Imports as workers do them: attempts, progress, and the load in one transaction.

An attempt holds no lock while it loads. Before it commits it locks its import and looks whether it
is still the current one: after a cancellation or another worker's beginning, nothing of it stays.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import queries
from workbench.datasets.commands import keeping
from workbench.datasets.errors import ImportNotFound, Malformed, StaleImport, TooManyRejects
from workbench.datasets.models import Import, Reject
from workbench.datasets.progress import Progress
from workbench.datasets.reading import Refused
from workbench.db.ids import new_id
from workbench.db.session import tell
from workbench.errors import NotFound
from workbench.files import commands as files
from workbench.files.schemas import Kind
from workbench.outbox import commands as outbox
from workbench.permissions import Permission
from workbench.queue import commands as queue
from workbench.storage import Storage

if TYPE_CHECKING:
    from workbench.datasets.work import Work

UNFINISHED = ("queued", "running")
MAX_TRIES = 3  # a file that takes its worker down with it is not tried for ever
MAX_VALUE = 200
# What is left when a file that was to make a dataset does not load.
LEFT = (
    "The dataset {} is there and empty: send the file again with mode create, which takes its "
    "place, or load one into it with mode append; otherwise delete it."
)
# What the worker's own actor needs for an import that a member has started.
LOADER = (
    Permission.DATASET_READ,
    Permission.IMPORT_READ,
    Permission.IMPORT_START,
    Permission.ROW_READ,
    Permission.ROW_WRITE,
)


async def begin_import(session: AsyncSession, actor: Actor, import_id: UUID) -> Import:
    """Take an import as its next attempt; one that has ended stays as it is.

    One whose workers were lost too often ends as failed.
    """
    actor.require_somewhere(Permission.IMPORT_START)
    order = await locked(session, actor, import_id)
    if order.status not in UNFINISHED:
        return order
    if order.tries >= MAX_TRIES:
        lost = f"The workers that loaded this import were lost {MAX_TRIES} times."
        await settle(session, actor, order, "failed", lost)
        return order
    order.status = "running"
    order.attempt += 1
    order.tries += 1
    order.progress = 0.0
    order.rows_read = order.bytes_read = 0
    order.started_at = await session.scalar(select(func.clock_timestamp()))
    audit.record(session, actor, "import.begin", f"import {order.id}", attempt=order.attempt)
    outbox.put(session, actor, "imports.progressed", import_id=order.id)
    return order


async def note_progress(
    session: AsyncSession, actor: Actor, import_id: UUID, attempt: int, progress: Progress
) -> bool:
    """Note how far an attempt is; answer whether it is still the current one."""
    actor.require(Permission.IMPORT_START)
    statement = (
        update(Import)
        .where(
            Import.tenant_id == actor.require_tenant(),
            Import.id == import_id,
            Import.attempt == attempt,
            Import.status == "running",
        )
        .values(
            progress=progress.share,
            rows_read=progress.rows,
            bytes_read=progress.bytes,
            bytes_total=progress.total or Import.bytes_total,
        )
    )
    result = await session.execute(statement.execution_options(synchronize_session=False))
    if cast("CursorResult[Any]", result).rowcount == 0:
        return False
    outbox.put(session, actor, "imports.progressed", import_id=import_id)
    return True


async def load(
    session: AsyncSession,
    actor: Actor,
    storage: Storage,
    import_id: UUID,
    *,
    attempt: int | None = None,
    progress: Progress | None = None,
) -> Import:
    """Load an import's file in the caller's transaction, and settle how the import ended.

    An import that has ended already is left alone, so a second try loads nothing twice; without
    an `attempt` this is a new one. A file that cannot be read leaves no row. Raise StaleImport when
    somebody else has taken the import, or cancelled it. Any other error is the caller's: nothing
    stays, and `fail_import` in a transaction of its own says so.
    """
    from workbench.datasets.work import Work  # noqa: PLC0415 (pyarrow takes a moment)

    actor.require_somewhere(Permission.ROW_WRITE)
    order = await _taken(session, actor, import_id, attempt)
    require_on(actor, order.dataset.definition_id)
    if order.status not in UNFINISHED:
        return order
    place = await files.place(session, actor, order.file_id, Kind.IMPORT)
    work = Work(
        session, storage, order, place, progress or Progress(), lambda: tell(session, actor)
    )
    try:
        await _load(session, actor, order, work)
    except BaseException:
        await asyncio.shield(work.close(keep=False))
        raise
    return order


async def _load(session: AsyncSession, actor: Actor, order: Import, work: "Work") -> None:
    import_id, attempt = order.id, order.attempt
    counts, error = (0, 0), None
    try:
        async with session.begin_nested():
            # A savepoint tells the session's actor, who may have made the dataset just now.
            await tell(session, actor)
            counts = await work.load()
    except (Malformed, NotFound) as failure:
        error = failure
    await tell(session, actor)  # what was told in the savepoint went with it
    await locked(session, actor, import_id, attempt=attempt)
    await work.close(keep=error is None or isinstance(error, TooManyRejects))
    await _keep_rejects(session, order, work.rejects.listed)
    order.rows_rejected = work.rejects.count if work.is_kept else 0
    order.rows_read, order.bytes_read = work.progress.rows, work.progress.bytes
    order.bytes_total = work.progress.total or order.bytes_total
    order.rows_loaded, order.rows_replaced = counts
    status, reason = _outcome(order, error)
    await settle(session, actor, order, status, reason)
    if work.is_kept:  # last, since it locks the tenant's room
        await keeping.keep_rejects(session, actor, order, work.made)


def _outcome(order: Import, error: Exception | None) -> tuple[str, str | None]:
    if error is not None:
        return "failed", str(error)
    if order.rows_loaded:
        return ("partial" if order.rows_rejected else "succeeded"), None
    return "failed", "Every row was refused." if order.rows_rejected else "The file holds no rows."


async def _taken(
    session: AsyncSession, actor: Actor, import_id: UUID, attempt: int | None
) -> Import:
    if attempt is None:
        return await begin_import(session, actor, import_id)
    order = await session.scalar(queries.import_(actor, import_id))
    if order is None:
        raise ImportNotFound
    if order.status in UNFINISHED and order.attempt != attempt:
        raise StaleImport
    return order


async def fail_import(
    session: AsyncSession, actor: Actor, import_id: UUID, error: str, *, attempt: int | None = None
) -> Import:
    """Note that an import failed; one that has ended already stays as it is.

    With an `attempt`, raise StaleImport when it is not the current one any more.
    """
    actor.require_somewhere(Permission.IMPORT_START)
    order = await locked(session, actor, import_id)
    if order.status in UNFINISHED:
        if attempt not in (None, order.attempt):
            raise StaleImport
        await settle(session, actor, order, "failed", error)
    return order


async def release_import(
    session: AsyncSession, actor: Actor, import_id: UUID, attempt: int
) -> None:
    """Put an import back into the queue, since its worker stops; raise StaleImport if it is over.

    The attempt does not count: its worker was not lost.
    """
    actor.require_somewhere(Permission.IMPORT_START)
    order = await locked(session, actor, import_id, attempt=attempt)
    order.status, order.progress = "queued", None
    order.tries -= 1
    audit.record(session, actor, "import.release", f"import {order.id}", attempt=attempt)
    await enqueue(session, order)


async def enqueue(session: AsyncSession, order: Import) -> None:
    """Have a worker load the import once this transaction commits; a tenant's one at a time."""
    await queue.enqueue(
        session,
        "datasets.load",
        queue="imports",
        exclusive=f"imports of {order.tenant_id}",
        tenant_id=order.tenant_id,
        import_id=order.id,
    )


async def locked(
    session: AsyncSession, actor: Actor, import_id: UUID, *, attempt: int | None = None
) -> Import:
    """The import as it is now, locked; raise StaleImport when another attempt is its current one.

    Its dataset's definition and columns are loaded with it. Raise Forbidden unless the actor may
    import into its dataset.
    """
    actor.require_somewhere(Permission.IMPORT_START)
    found = await session.scalar(queries.import_(actor, import_id))
    if found is None:
        raise ImportNotFound
    require_on(actor, found.dataset.definition_id)
    # A key that stays may be pointed at meanwhile: rejects refer to it.
    statement = queries.import_(actor, import_id).with_for_update(of=Import, key_share=True)
    order = await session.scalar(statement.execution_options(populate_existing=True))
    if order is None:
        raise ImportNotFound
    if attempt is not None and (order.attempt != attempt or order.status != "running"):
        raise StaleImport
    return order


def require_on(actor: Actor, definition_id: UUID) -> None:
    """Raise Forbidden unless the actor may import into the dataset of a definition."""
    for permission in (Permission.IMPORT_START, Permission.ROW_WRITE):
        actor.require(permission, str(definition_id))


async def _keep_rejects(session: AsyncSession, order: Import, listed: Sequence[Refused]) -> None:
    values = [
        {
            "tenant_id": order.tenant_id,
            "id": new_id(),
            "import_id": order.id,
            "line": refused.line,
            "column_name": refused.column,
            "value": None if refused.value is None else refused.value[:MAX_VALUE],
            "reason": refused.reason,
        }
        for refused in listed
    ]
    if values:
        await session.execute(insert(Reject), values)


async def forget_rejects(session: AsyncSession, actor: Actor, order: Import) -> None:
    """Remove what an attempt refused, before the next one."""
    require_on(actor, order.dataset.definition_id)
    own = (Reject.tenant_id == order.tenant_id, Reject.import_id == order.id)
    await session.execute(delete(Reject).where(*own))


async def settle(
    session: AsyncSession, actor: Actor, order: Import, status: str, error: str | None = None
) -> None:
    """Say how an import ended, to the audit and to whoever waits for it."""
    require_on(actor, order.dataset.definition_id)
    order.status, order.error = status, error
    if order.mode == "create" and status in ("failed", "cancelled"):
        left = LEFT.format(order.dataset.definition.name)
        order.error = left if error is None else f"{error} {left}"
    if status in ("succeeded", "partial"):
        order.progress = 1.0
    order.finished_at = await session.scalar(select(func.clock_timestamp()))
    audit.record(
        session,
        actor,
        "import.finish",
        f"import {order.id}",
        rows=order.rows_loaded,
        status=status,
        rows_replaced=order.rows_replaced,
        rows_rejected=order.rows_rejected,
    )
    outbox.put(session, actor, "imports.finished", import_id=order.id)
