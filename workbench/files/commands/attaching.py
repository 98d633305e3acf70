"""Files that belong to what another room keeps: an import's, and the rows that it refused.

Whoever orders an import need not hold `file:write`, nor whoever fetches its rejects `file:read`.
The other room asks what it asks, and for the file alone PostgreSQL is told that Workbench keeps it.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import soft_delete
from workbench.db.session import tell
from workbench.errors import NotFound
from workbench.files import queries, quotas
from workbench.files.arrivals import Arrival, keeper
from workbench.files.attached import Made
from workbench.files.commands.keeping import row
from workbench.files.errors import FileNotThere
from workbench.files.models import File
from workbench.files.schemas import Kind
from workbench.permissions import Permission

# What orders that of which a file of a kind is part.
ORDERS = {
    Kind.IMPORT: Permission.IMPORT_START,
    Kind.REJECT: Permission.IMPORT_START,
    Kind.ARTIFACT: Permission.RUN_START,
}
EVERY = {"include_deleted": True, "synchronize_session": False}


@asynccontextmanager
async def _kept_by_workbench(session: AsyncSession, actor: Actor) -> AsyncIterator[Actor]:
    """Tell PostgreSQL that Workbench keeps the tenant's files; after the block, the actor again.

    An error undoes the block, and with it what was told.
    """
    system = keeper(actor.require_tenant())
    async with session.begin_nested():
        await tell(session, system)
        yield system
        await session.flush()
        await tell(session, actor)


async def attach(
    session: AsyncSession, actor: Actor, arrival: Arrival, *, name: str, kind: Kind, owner_id: UUID
) -> UUID:
    """Make what has arrived the file of an owner; `settle` must follow in the transaction.

    Answers the file's id.
    """
    actor.require_somewhere(ORDERS[kind])
    async with _kept_by_workbench(session, actor):
        _add(session, actor, arrival, name, kind, owner_id)
    return _noted(session, actor, arrival, kind)


def _add(
    session: AsyncSession,
    actor: Actor,
    bytes_: Arrival | Made,
    name: str,
    kind: Kind,
    owner_id: UUID,
) -> None:
    file = row(bytes_, actor.require_tenant(), actor.user_id, name, kind)
    file.owner_id = owner_id
    session.add(file)


def _noted(session: AsyncSession, actor: Actor, bytes_: Arrival | Made, kind: Kind) -> UUID:
    target, size = f"file {bytes_.id}", bytes_.written.size
    audit.record(session, actor, "file.keep", target, kind=kind.value, bytes=size)
    return bytes_.id


async def settle(session: AsyncSession, actor: Actor, arrival: Arrival, kind: Kind) -> None:
    """Have the room that was reserved taken; it is locked to the end of the transaction: do last.

    Raise UploadNotThere when the file was given up meanwhile.
    """
    actor.require_somewhere(ORDERS[kind])
    async with _kept_by_workbench(session, actor) as system:
        await quotas.settle(session, system, arrival.id, arrival.written.size)
    arrival.is_kept = True


async def keep_made(
    session: AsyncSession, actor: Actor, made: Made, *, name: str, kind: Kind, owner_id: UUID
) -> UUID:
    """Keep what Workbench wrote for an owner; it counts, and is kept where there is no room too."""
    actor.require_somewhere(ORDERS[kind])
    async with _kept_by_workbench(session, actor) as system:
        _add(session, actor, made, name, kind, owner_id)
        (await quotas.locked(session, system)).used += made.written.size
    return _noted(session, actor, made, kind)


async def place(session: AsyncSession, actor: Actor, file_id: UUID, kind: Kind) -> str:
    """Where the bytes of an owner's file lie, for who may see the owner."""
    actor.require_somewhere(queries.OF_OWNER[kind])
    mine = soft_delete.one(File, actor.require_tenant(), file_id)
    wanted = select(File.storage_key).where(*mine, File.kind == kind)
    async with _kept_by_workbench(session, actor):
        key = await session.scalar(wanted)
    if key is None:
        raise FileNotThere
    return key


async def detach(session: AsyncSession, actor: Actor, file_id: UUID, kind: Kind) -> None:
    """Delete a file that its owner names no more; like others it counts until it is purged."""
    actor.require_somewhere(ORDERS[kind])
    mine = soft_delete.one(File, actor.require_tenant(), file_id)
    async with _kept_by_workbench(session, actor):
        await soft_delete.remove(session, actor, File, *mine, File.kind == kind)
    audit.record(session, actor, "file.delete", f"file {file_id}", kind=kind.value)


async def detach_all(session: AsyncSession, actor: Actor, owner_id: UUID, kind: Kind) -> None:
    """Delete what belongs to an owner that begins anew; it counts until it is purged."""
    actor.require_somewhere(ORDERS[kind])
    mine = (File.tenant_id == actor.require_tenant(), File.owner_id == owner_id, File.kind == kind)
    async with _kept_by_workbench(session, actor):
        try:
            rows = await soft_delete.remove(session, actor, File, *mine)
        except NotFound:
            return
    audit.record(session, actor, "file.delete", f"files of {owner_id}", kind=kind.value, rows=rows)


async def reattach(
    session: AsyncSession, actor: Actor, owner_id: UUID, kind: Kind, deleted_at: datetime | None
) -> None:
    """Bring back what belonged to an owner and was deleted with it, as far as it is still there."""
    actor.require_somewhere(ORDERS[kind])
    mine = (File.tenant_id == actor.require_tenant(), File.owner_id == owner_id, File.kind == kind)
    async with _kept_by_workbench(session, actor):
        try:
            rows = await soft_delete.restore(session, File, *mine, File.deleted_at == deleted_at)
        except NotFound:
            return
    audit.record(session, actor, "file.restore", f"files of {owner_id}", kind=kind.value, rows=rows)


async def discard(session: AsyncSession, actor: Actor, file_id: UUID, kind: Kind) -> str:
    """Remove a file for good whose place another has taken, and give its room back.

    Answers where the bytes lie, for the door to remove after the commit.
    """
    actor.require_somewhere(ORDERS[kind])
    mine = soft_delete.one(File, actor.require_tenant(), file_id)
    async with _kept_by_workbench(session, actor) as system:
        quota = await quotas.locked(session, system)
        gone = delete(File).where(*mine, File.kind == kind).returning(File.storage_key, File.size)
        row = (await session.execute(gone.execution_options(**EVERY))).one()
        quota.used -= row.size
    audit.record(session, actor, "file.purge", f"file {file_id}", kind=kind.value, bytes=row.size)
    key: str = row.storage_key
    return key


async def purge_attached(
    session: AsyncSession, actor: Actor, owner_ids: Collection[UUID], *kinds: Kind
) -> list[str]:
    """Remove for good what belonged to owners that are no more, and give the room back.

    Answers where the bytes lie, for the door to remove after the commit.
    """
    for kind in kinds:
        actor.require(ORDERS[kind])
    mine = (
        File.tenant_id == actor.require_tenant(),
        File.owner_id.in_(owner_ids),
        File.kind.in_(kinds),
    )
    async with _kept_by_workbench(session, actor) as system:
        quota = await quotas.locked(session, system)
        gone = delete(File).where(*mine).returning(File.storage_key, File.size)
        rows = (await session.execute(gone.execution_options(**EVERY))).all()
        quota.used -= sum(row.size for row in rows)
    audit.record(session, actor, "file.purge", "files", rows=len(rows))
    return [row.storage_key for row in rows]
