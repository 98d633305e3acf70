"""What Workbench itself does with files: what was deleted long ago goes, what was given up too."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.files import quotas
from workbench.files.models import File, Upload
from workbench.files.writing import Written
from workbench.permissions import Permission

TENANTS = text("select workbench.tenants_with_files()")


async def tenants(session: AsyncSession) -> list[UUID]:
    """The living tenants that have files or ever had any."""
    return list(await session.scalars(TENANTS))


async def purge(session: AsyncSession, actor: Actor, *, before: datetime, most: int) -> list[str]:
    """Remove for good some files that were deleted before a time, and give their room back.

    Answers where their bytes lie, for the door to remove after the commit.
    """
    actor.require(Permission.FILE_WRITE)
    quota = await quotas.locked(session, actor)
    chosen = (
        select(File.id)
        .where(File.tenant_id == actor.require_tenant(), File.deleted_at < before)
        .limit(most)
        .execution_options(include_deleted=True)
    )
    ids = (await session.scalars(chosen)).all()
    if not ids:
        return []
    gone = (
        delete(File)
        .where(File.tenant_id == actor.require_tenant(), File.id.in_(ids), File.deleted_at < before)
        .returning(File.storage_key, File.size)
        .execution_options(include_deleted=True, synchronize_session=False)
    )
    rows = (await session.execute(gone)).all()
    quota.used -= sum(row.size for row in rows)
    audit.record(session, actor, "file.purge", "files", rows=len(rows))
    return [row.storage_key for row in rows]


async def expire(session: AsyncSession, actor: Actor, *, before: datetime, most: int) -> list[UUID]:
    """Give up some uploads that began before a time, and answer which."""
    actor.require(Permission.FILE_WRITE)
    quota = await quotas.locked(session, actor)
    old = Upload.tenant_id == actor.require_tenant(), Upload.created_at < before
    ids = (await session.scalars(select(Upload.id).where(*old).limit(most))).all()
    if not ids:
        return []
    gone = (
        delete(Upload)
        .where(Upload.tenant_id == actor.require_tenant(), Upload.id.in_(ids))
        .returning(Upload.id, Upload.reserved)
        .execution_options(synchronize_session=False)
    )
    rows = (await session.execute(gone)).all()
    quota.used -= sum(row.reserved for row in rows)
    audit.record(session, actor, "upload.expire", "uploads", rows=len(rows))
    return [row.id for row in rows]


async def measure(session: AsyncSession, actor: Actor, file_id: UUID, written: Written) -> None:
    """Note what a file without a hash holds, now that it was read; from now on it counts."""
    actor.require(Permission.FILE_WRITE)
    quota = await quotas.locked(session, actor)
    found = (
        update(File)
        .where(File.tenant_id == actor.require_tenant(), File.id == file_id, File.sha256.is_(None))
        .values(size=written.size, sha256=written.sha256, media_type=written.media_type)
        .returning(File.size)
        .execution_options(include_deleted=True, synchronize_session=False)
    )
    for size in await session.scalars(found):
        quota.used += size
        audit.record(session, actor, "file.measure", f"file {file_id}", bytes=size)


async def mark_lost(
    session: AsyncSession, actor: Actor, ids: Sequence[UUID], at: datetime | None
) -> None:
    """Note since when the bytes of some files are missing, or with None that they are back."""
    actor.require(Permission.FILE_WRITE)
    marked = (
        update(File)
        .where(File.tenant_id == actor.require_tenant(), File.id.in_(ids))
        .values(lost_at=at)
        .execution_options(include_deleted=True, synchronize_session=False)
    )
    await session.execute(marked)
    what = "file.found" if at is None else "file.lost"
    audit.record(session, actor, what, "files", rows=len(ids))
