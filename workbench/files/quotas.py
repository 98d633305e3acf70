"""How much room a tenant has: bytes are reserved before they are written, and settled after.

Whoever reserves locks the tenant's row for a moment, so two at once cannot both take what is left
for one. Whoever also changes uploads locks this row first.
"""

from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.files.errors import QuotaExceeded, UploadNotThere
from workbench.files.models import FileQuota, Upload
from workbench.files.schemas import Bounds
from workbench.permissions import Permission


def quota(actor: Actor) -> Select[FileQuota]:
    """What is known of the tenant's room; no row before its first file."""
    actor.require(Permission.FILE_READ)
    return select(FileQuota).where(FileQuota.tenant_id == actor.require_tenant())


async def locked(session: AsyncSession, actor: Actor) -> FileQuota:
    """The tenant's row, made if need be, which nobody else changes until the transaction ends."""
    actor.require(Permission.FILE_WRITE)
    made = insert(FileQuota).values(tenant_id=actor.require_tenant(), used=0)
    await session.execute(made.on_conflict_do_nothing())
    statement = quota(actor).with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(statement)).one()


async def reserve(
    session: AsyncSession, actor: Actor, bounds: Bounds, *, least: int, wanted: int
) -> int:
    """Reserve what is wanted, or as much of it as there is, and answer how much.

    Raise QuotaExceeded when not even the least is left.
    """
    actor.require(Permission.FILE_WRITE)
    found = await locked(session, actor)
    left = (bounds.tenant if found.quota is None else found.quota) - found.used
    if least > left:
        raise QuotaExceeded
    given = max(least, min(wanted, left))
    found.used += given
    return given


async def settle(session: AsyncSession, actor: Actor, upload_id: UUID, size: int) -> None:
    """End an upload: of what was reserved for it, `size` bytes stay taken.

    Raise NotFound when somebody else has ended it.
    """
    actor.require(Permission.FILE_WRITE)
    found = await locked(session, actor)
    where = (Upload.tenant_id == actor.require_tenant(), Upload.id == upload_id)
    reserved = await session.scalar(delete(Upload).where(*where).returning(Upload.reserved))
    if reserved is None:
        raise UploadNotThere
    found.used += size - reserved
