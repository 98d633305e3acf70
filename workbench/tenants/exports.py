"""Archives of everything that a tenant has: ordered by an owner, made by a worker."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import soft_delete
from workbench.db.ids import new_id
from workbench.errors import Conflict, Forbidden, NotFound
from workbench.permissions import Permission
from workbench.queue import commands as queue
from workbench.storage import Storage
from workbench.tenants.models import Export

NAME = "archive.zip"
UNFINISHED = ("queued", "running")


class ExportUnderway(Conflict):
    """An archive of this tenant is being made already."""

    code = "export_underway"


class NotReady(Conflict):
    """This archive is not ready."""

    code = "not_ready"


def exports(actor: Actor) -> Select[Export]:
    """The archives of the actor's tenant, the newest first."""
    actor.require(Permission.TENANT_EXPORT)
    return (
        select(Export).where(Export.tenant_id == actor.require_tenant()).order_by(Export.id.desc())
    )


def export(actor: Actor, export_id: UUID) -> Select[Export]:
    """One archive."""
    return exports(actor).where(Export.id == export_id)


async def order(session: AsyncSession, actor: Actor) -> Export:
    """Have a worker make an archive of everything that the actor's tenant has."""
    actor.require(Permission.TENANT_EXPORT)
    if actor.user_id is None:
        raise Forbidden("A person orders an archive.")
    unfinished = exports(actor).where(Export.status.in_(UNFINISHED))
    if await session.scalar(unfinished.limit(1)) is not None:
        raise ExportUnderway
    export_id, tenant_id = new_id(), actor.require_tenant()
    made = Export(
        tenant_id=tenant_id,
        id=export_id,
        requested_by=actor.user_id,
        status="queued",
        storage_key=Storage.key(tenant_id, "exports", export_id, NAME),
    )
    session.add(made)
    await session.flush()
    await session.refresh(made)
    note(session, actor, "order", made.id)
    await queue.enqueue(
        session, "tenants.export", queue="tenants", tenant_id=tenant_id, export_id=made.id
    )
    return made


def note(session: AsyncSession, actor: Actor, what: str, export_id: UUID) -> None:
    """Tell the tenant's audit what happened to an archive."""
    actor.require(Permission.TENANT_EXPORT)
    audit.record(session, actor, f"export.{what}", str(export_id))


async def begin(session: AsyncSession, actor: Actor, export_id: UUID) -> Export:
    """Take an archive to make; one that a lost worker began is made anew."""
    found = await _unfinished(session, actor, export_id)
    found.status, found.progress = "running", 0.0
    return found


async def advance(session: AsyncSession, actor: Actor, export_id: UUID, progress: float) -> None:
    """Say how far the archive is, between 0 and 1."""
    (await _unfinished(session, actor, export_id)).progress = progress


async def finish(
    session: AsyncSession, actor: Actor, export_id: UUID, size: int, sha256: str, now: datetime
) -> None:
    """Note that the archive lies in storage."""
    found = await _unfinished(session, actor, export_id)
    found.status, found.progress, found.finished_at = "succeeded", 1.0, now
    found.size, found.sha256 = size, sha256
    note(session, actor, "finish", export_id)


async def fail(
    session: AsyncSession, actor: Actor, export_id: UUID, error: str, now: datetime
) -> None:
    """Note why there is no archive."""
    found = await _unfinished(session, actor, export_id)
    found.status, found.error, found.finished_at = "failed", error, now
    note(session, actor, "fail", export_id)


async def ready(session: AsyncSession, actor: Actor, export_id: UUID) -> Export:
    """The archive to download; raise NotReady when there is none yet. The audit hears of it."""
    found = await session.scalar(export(actor, export_id))
    if found is None:
        raise NotFound
    if found.status != "succeeded":
        raise NotReady
    note(session, actor, "download", export_id)
    return found


async def remove(session: AsyncSession, actor: Actor, export_id: UUID) -> str:
    """Delete an archive; answer where its bytes lie, for the door to remove after the commit."""
    found = await session.scalar(export(actor, export_id))
    if found is None:
        raise NotFound
    if found.status in UNFINISHED:
        raise ExportUnderway
    where = soft_delete.one(Export, found.tenant_id, export_id)
    await soft_delete.remove(session, actor, Export, *where)
    note(session, actor, "delete", export_id)
    return found.storage_key


async def _unfinished(session: AsyncSession, actor: Actor, export_id: UUID) -> Export:
    statement = export(actor, export_id).where(Export.status.in_(UNFINISHED))
    found = await session.scalar(statement.with_for_update())
    if found is None:
        raise NotFound
    return found
