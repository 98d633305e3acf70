"""Files as wholes: kept, handed out, deleted, restored."""

from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import soft_delete
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.files import names, queries, quotas
from workbench.files.arrivals import Arrival, arriving
from workbench.files.attached import Made
from workbench.files.errors import FileNotThere, WrongChecksum
from workbench.files.models import File
from workbench.files.schemas import Bounds, Kind
from workbench.files.writing import Chunks
from workbench.permissions import Permission
from workbench.storage import Storage


async def keep(
    session: AsyncSession,
    actor: Actor,
    arrival: Arrival,
    *,
    name: str,
    kind: Kind = Kind.UPLOAD,
    owner_id: UUID | None = None,
    sha256: str | None = None,
) -> File:
    """Make what has arrived a file of the tenant, in the transaction of the session.

    The tenant's room is locked from here to the end of the transaction: keep last. Raise
    WrongChecksum when another one was given.
    """
    actor.require(Permission.FILE_WRITE)
    written = arrival.written
    if sha256 is not None and sha256.lower() != written.sha256:
        raise WrongChecksum
    await quotas.settle(session, actor, arrival.id, written.size)
    file = row(arrival, actor.require_tenant(), actor.user_id, name, kind)
    file.owner_id = owner_id
    session.add(file)
    await session.flush()
    await session.refresh(file)
    arrival.is_kept = True
    target, size = _target(file.id), file.size
    audit.record(session, actor, "file.keep", target, name=file.name, kind=kind.value, bytes=size)
    return file


def row(bytes_: Arrival | Made, tenant_id: UUID, maker: UUID | None, name: str, kind: Kind) -> File:
    """The row of a file of a tenant whose bytes are there."""
    return File(
        tenant_id=tenant_id,
        id=bytes_.id,
        name=names.shown(name),
        kind=kind,
        media_type=bytes_.written.media_type,
        size=bytes_.written.size,
        sha256=bytes_.written.sha256,
        storage_key=bytes_.storage_key,
        created_by=maker,
    )


async def put(  # noqa: PLR0913 (what a file is, and where it goes)
    database: Database,
    actor: Actor,
    storage: Storage,
    bounds: Bounds,
    chunks: Chunks,
    *,
    name: str,
    kind: Kind = Kind.UPLOAD,
    owner_id: UUID | None = None,
) -> File:
    """Write what comes and keep it, in transactions of its own."""
    actor.require(Permission.FILE_WRITE)
    async with arriving(database, storage, actor, bounds) as arrival:
        await arrival.receive(chunks)
        async with database.session(actor) as session:
            return await keep(session, actor, arrival, name=name, kind=kind, owner_id=owner_id)


async def note_download(session: AsyncSession, actor: Actor, file_id: UUID) -> File:
    """The file to hand out; the audit hears of it."""
    actor.require(Permission.FILE_READ)
    file = await session.scalar(queries.file(actor, file_id))
    if file is None:
        raise FileNotThere
    audit.record(session, actor, "file.read", _target(file_id), name=file.name, bytes=file.size)
    return file


async def remove(session: AsyncSession, actor: Actor, file_id: UUID) -> None:
    """Delete a file; it can be restored until it is purged, and counts for the quota until then."""
    actor.require(Permission.FILE_WRITE)
    where = _upload(actor, file_id)
    try:
        await soft_delete.remove(session, actor, File, *where)
    except NotFound as error:
        raise FileNotThere from error
    audit.record(session, actor, "file.delete", _target(file_id))


async def restore(session: AsyncSession, actor: Actor, file_id: UUID) -> File:
    """Bring a deleted file back."""
    actor.require(Permission.FILE_WRITE)
    where = _upload(actor, file_id)
    try:
        await soft_delete.restore(session, File, *where)
    except NotFound as error:
        raise FileNotThere from error
    audit.record(session, actor, "file.restore", _target(file_id))
    return (await session.scalars(queries.file(actor, file_id))).one()


async def set_quota(session: AsyncSession, actor: Actor, quota: int | None) -> None:
    """Say how many bytes the tenant's files may take; None means as many as of any tenant."""
    actor.require(Permission.TENANT_MANAGE)
    (await quotas.locked(session, actor)).quota = quota
    audit.record(session, actor, "file.quota", "quota", bytes=quota)


def _upload(actor: Actor, file_id: UUID) -> tuple[ColumnElement[bool], ...]:
    """The conditions that name one file that was uploaded: others go with their owner."""
    return (*soft_delete.one(File, actor.require_tenant(), file_id), File.kind == Kind.UPLOAD)


def _target(file_id: UUID) -> str:
    return f"file {file_id}"
