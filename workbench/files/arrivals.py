"""A file on its way in one go: reserved, written, then kept, or gone without a trace.

Three transactions: the first reserves room and leaves a row of `uploads`; the bytes are written
while none is open; the one that keeps the file removes that row. So the row tells the truth after
any accident: as long as it is there, nothing was kept, and what was written may go.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.files import quotas, writing
from workbench.files.errors import FileTooLarge, UploadNotThere
from workbench.files.models import Upload
from workbench.files.schemas import Bounds, Kind
from workbench.files.writing import Chunks, Written
from workbench.permissions import Permission
from workbench.storage import Storage

FOLDER = "files"
STEP = 8 * 1024**2  # what is reserved at most when nobody knows how much will come
UNNAMED = "on its way"
KEEPS = (
    Permission.FILE_READ,
    Permission.FILE_WRITE,
    Permission.IMPORT_READ,
    Permission.RUN_READ,
)


def keeper(tenant_id: UUID) -> Actor:
    """The system's actor that looks after a tenant's files, of every kind."""
    return Actor.of_system(FOLDER, *KEEPS, tenant_id=tenant_id)


def key_of(tenant_id: UUID, file_id: UUID) -> str:
    """A new key for the bytes of a file; each attempt to write them has its own."""
    return Storage.key(tenant_id, FOLDER, file_id, f"content-{new_id().hex}")


@dataclass(slots=True)
class Arrival:
    """One file that arrives; `commands.keep` makes it one of the tenant's."""

    database: Database
    storage: Storage
    actor: Actor
    bounds: Bounds
    id: UUID = field(default_factory=new_id)
    storage_key: str = ""
    written: Written = field(default_factory=Written)
    is_kept: bool = False
    is_reserved: bool = False
    _reserved: int = 0

    async def receive(self, chunks: Chunks, *, expected: int = 0) -> None:
        """Write what comes; `expected` bytes at least are reserved before the first is written.

        Raise TooLarge or QuotaExceeded as soon as it is clear that there is no room.
        """
        if expected > self.bounds.file:
            raise FileTooLarge
        await self._reserve(expected, wanted=expected)
        self.storage_key = key_of(self.actor.require_tenant(), self.id)
        self.written = await writing.write(self.storage, self.storage_key, self._within(chunks))

    async def _within(self, chunks: Chunks) -> Chunks:
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            if size > self.bounds.file:
                raise FileTooLarge
            if size > self._reserved:
                # As much again as before, so that it is seldom asked and little is held in vain.
                await self._reserve(size - self._reserved, wanted=min(self._reserved, STEP))
            yield chunk

    async def _reserve(self, least: int, *, wanted: int) -> None:
        actor = self.actor
        async with self.database.session(actor) as session:
            given = await quotas.reserve(session, actor, self.bounds, least=least, wanted=wanted)
            if self.is_reserved:
                found = await session.get(Upload, (actor.require_tenant(), self.id))
                if found is None:
                    raise UploadNotThere
                found.reserved += given
            else:
                session.add(_row(actor, self.id, given))
        self.is_reserved = True
        self._reserved += given

    async def end(self) -> None:
        """Remove what was written and give the room back, unless the file was kept after all."""
        if not self.is_reserved:
            return
        actor = keeper(self.actor.require_tenant())
        try:
            async with self.database.session(actor) as session:
                await quotas.settle(session, actor, self.id, 0)
        except UploadNotThere:
            return
        if self.storage_key:
            await asyncio.to_thread(self.storage.remove, self.storage_key)


def _row(actor: Actor, upload_id: UUID, reserved: int) -> Upload:
    return Upload(
        tenant_id=actor.require_tenant(),
        id=upload_id,
        name=UNNAMED,
        kind=Kind.UPLOAD,
        reserved=reserved,
        received=0,
        parts=[],
        created_by=actor.user_id,
    )


@asynccontextmanager
async def arriving(
    database: Database, storage: Storage, actor: Actor, bounds: Bounds
) -> AsyncIterator[Arrival]:
    """A file that may arrive while the block runs; what is not kept by its end is undone.

    The session that keeps it is opened inside the block, so that it has committed before the end.
    """
    actor.require(Permission.FILE_WRITE)
    arrival = Arrival(database, storage, actor, bounds)
    try:
        yield arrival
    except BaseException:
        await _ended(arrival)
        raise
    if not arrival.is_kept:
        await _ended(arrival)


async def _ended(arrival: Arrival) -> None:
    # A task of its own: whoever sends may be gone, and cancels what is awaited here.
    await asyncio.shield(asyncio.create_task(arrival.end()))
