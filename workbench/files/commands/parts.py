"""Files that arrive in parts, so that one that broke off goes on where it was.

A part is a file of its own in storage, and the row of the upload names those that count. So a part
that broke off, or that two sent at once, harms nothing, and no transaction is open while bytes
come. Finishing puts the parts together and checks size and checksum.
"""

import asyncio
from uuid import UUID

from sqlalchemy import CursorResult, Select, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.files import names, queries, quotas, writing
from workbench.files.arrivals import FOLDER, Arrival, keeper, key_of
from workbench.files.commands.keeping import keep
from workbench.files.errors import (
    CutOff,
    FileTooLarge,
    Incomplete,
    TooManyParts,
    UploadNotThere,
    WrongChecksum,
    WrongOffset,
)
from workbench.files.models import File, Upload
from workbench.files.schemas import Bounds, Kind, NewUpload
from workbench.files.writing import Chunks
from workbench.permissions import Permission
from workbench.storage import Storage

MOST_PARTS = 1000


async def begin(session: AsyncSession, actor: Actor, bounds: Bounds, order: NewUpload) -> Upload:
    """Reserve room for a file that will come in parts."""
    actor.require(Permission.FILE_WRITE)
    if order.size > bounds.file:
        raise FileTooLarge
    await quotas.reserve(session, actor, bounds, least=order.size, wanted=order.size)
    upload = Upload(
        tenant_id=actor.require_tenant(),
        id=new_id(),
        name=names.shown(order.name),
        kind=Kind.UPLOAD,
        size=order.size,
        sha256=order.sha256 and order.sha256.lower(),
        reserved=order.size,
        received=0,
        parts=[],
        created_by=actor.user_id,
    )
    session.add(upload)
    await session.flush()
    await session.refresh(upload)
    audit.record(session, actor, "upload.begin", f"upload {upload.id}", bytes=order.size)
    return upload


async def append(
    database: Database,
    actor: Actor,
    storage: Storage,
    upload_id: UUID,
    chunks: Chunks,
    *,
    offset: int,
) -> Upload:
    """Add what comes to an upload that stands at `offset`, and answer where it stands then.

    What came before the sender was cut off counts; CutOff is raised all the same.
    """
    actor.require(Permission.FILE_WRITE)
    async with database.session(actor) as session:
        upload = await found(session, actor, upload_id)
    if upload.received != offset:
        raise WrongOffset
    if len(upload.parts) >= MOST_PARTS:
        raise TooManyParts
    part = f"part-{offset:020d}-{new_id().hex}"
    key = Storage.key(upload.tenant_id, FOLDER, upload_id, part)
    ending = _Ending((upload.size or 0) - offset)
    written = await writing.write(storage, key, ending.taken(chunks))
    try:
        if written.size:
            async with database.session(actor) as session:
                upload = await _advance(session, actor, upload, part, written.size)
        else:
            await asyncio.to_thread(storage.remove, key)
    except BaseException:
        await asyncio.shield(asyncio.to_thread(storage.remove, key))
        raise
    if ending.is_cut_off:
        raise CutOff("The connection ended; ask for the `Upload-Offset` and go on from there.")
    return upload


async def finish(
    database: Database, actor: Actor, storage: Storage, bounds: Bounds, upload_id: UUID
) -> File:
    """Put the parts of an upload together and keep the file; a second time it is the same file."""
    actor.require(Permission.FILE_WRITE)
    async with database.session(actor) as session:
        finished = await session.scalar(_own(actor, upload_id))
        upload = None if finished else await found(session, actor, upload_id)
    if finished is not None or upload is None:
        return finished or await _again(database, actor, upload_id)
    if upload.received != upload.size:
        raise Incomplete
    arrival = Arrival(database, storage, actor, bounds, upload_id, is_reserved=True)
    arrival.storage_key = key_of(upload.tenant_id, upload_id)
    keys = [Storage.key(upload.tenant_id, FOLDER, upload_id, part) for part in upload.parts]
    parts = writing.read(storage, keys)
    try:
        arrival.written = await writing.write(storage, arrival.storage_key, parts)
        file = await _kept(database, actor, arrival, upload)
    except NotFound:  # somebody else finished it meanwhile
        return await _again(database, actor, upload_id)
    await asyncio.to_thread(clear, storage, upload.tenant_id, upload_id, but=arrival.storage_key)
    return file


async def _kept(database: Database, actor: Actor, arrival: Arrival, upload: Upload) -> File:
    try:
        async with database.session(actor) as session:
            return await keep(session, actor, arrival, name=upload.name, sha256=upload.sha256)
    except WrongChecksum:  # it never will be right: nothing of it stays
        await arrival.end()
        await asyncio.to_thread(clear, arrival.storage, upload.tenant_id, upload.id)
        raise
    except BaseException:
        await asyncio.shield(asyncio.create_task(_undone(arrival, upload.tenant_id)))
        raise


async def _undone(arrival: Arrival, tenant_id: UUID) -> None:
    """Remove what this attempt put together, unless it was kept; the parts stay for another."""
    system = keeper(tenant_id)
    kept = select(File.storage_key).where(File.tenant_id == tenant_id, File.id == arrival.id)
    async with arrival.database.session(system) as session:
        key = await session.scalar(kept.execution_options(include_deleted=True))
    if key != arrival.storage_key:
        await asyncio.to_thread(arrival.storage.remove, arrival.storage_key)


async def _again(database: Database, actor: Actor, upload_id: UUID) -> File:
    async with database.session(actor) as session:
        file = await session.scalar(_own(actor, upload_id))
    if file is None:
        raise UploadNotThere
    return file


async def abandon(session: AsyncSession, actor: Actor, upload_id: UUID) -> None:
    """Give an upload up and its room back; the door then clears its parts away."""
    actor.require(Permission.FILE_WRITE)
    await found(session, actor, upload_id)
    await quotas.settle(session, actor, upload_id, 0)
    audit.record(session, actor, "upload.abandon", f"upload {upload_id}")


async def found(session: AsyncSession, actor: Actor, upload_id: UUID) -> Upload:
    """An upload of the actor's own, as it stands now."""
    actor.require(Permission.FILE_WRITE)
    upload = await session.scalar(queries.upload(actor, upload_id))
    if upload is None:
        raise UploadNotThere
    return upload


def clear(storage: Storage, tenant_id: UUID, file_id: UUID, *, but: str = "") -> None:
    """Remove what lies under an id in storage, all or all but one."""
    for stored in list(storage.folder(tenant_id, FOLDER, file_id)):
        if stored.key != but:
            storage.remove(stored.key)


def _own(actor: Actor, file_id: UUID) -> Select[File]:
    return queries.file(actor, file_id).where(File.created_by == actor.user_id)


async def _advance(
    session: AsyncSession, actor: Actor, upload: Upload, part: str, size: int
) -> Upload:
    """Let a part count, if the upload still stands where the part begins."""
    moved = (
        update(Upload)
        .where(
            Upload.tenant_id == upload.tenant_id,
            Upload.id == upload.id,
            Upload.received == upload.received,
        )
        .values(
            received=upload.received + size,
            parts=Upload.parts.op("||")(literal([part], JSONB)),
        )
        .execution_options(synchronize_session=False)
    )
    result = await session.execute(moved)
    now = await found(session, actor, upload.id)
    if isinstance(result, CursorResult) and result.rowcount == 0:
        raise WrongOffset
    return now


class _Ending:
    """Takes no more than is left, and ends quietly where the sender was cut off."""

    def __init__(self, left: int) -> None:
        self._left = left
        self.is_cut_off = False

    async def taken(self, chunks: Chunks) -> Chunks:
        try:
            async for chunk in chunks:
                self._left -= len(chunk)
                if self._left < 0:
                    raise FileTooLarge("This is more than the upload said that it would be.")
                yield chunk
        except CutOff:
            self.is_cut_off = True
