"""What can be asked of files."""

from uuid import UUID

from sqlalchemy import Select, Text, cast, func, select

from workbench.actor import Actor
from workbench.db.model import columns
from workbench.files.models import File, FileQuota, Upload
from workbench.files.schemas import Kind
from workbench.permissions import Permission

# A file is no way around what its owner asks; PostgreSQL's policy says the same.
OF_OWNER = {
    Kind.UPLOAD: Permission.FILE_READ,
    Kind.IMPORT: Permission.IMPORT_READ,
    Kind.REJECT: Permission.IMPORT_READ,
    Kind.ARTIFACT: Permission.RUN_READ,
}


def files(actor: Actor, *, kind: Kind = Kind.UPLOAD, deleted: bool = False) -> Select[File]:
    """The tenant's files of a kind, the newest first: those there are, or that were deleted."""
    actor.require(Permission.FILE_READ)
    actor.require(OF_OWNER[kind])
    statement = select(File).where(File.tenant_id == actor.require_tenant(), File.kind == kind)
    if deleted:
        statement = statement.where(File.deleted_at.is_not(None))
        statement = statement.execution_options(include_deleted=True)
    return statement.order_by(File.id.desc())


def file(actor: Actor, file_id: UUID) -> Select[File]:
    """One file that was uploaded; what belongs to a run or an import is handed out there."""
    return files(actor).where(File.id == file_id)


def upload(actor: Actor, upload_id: UUID) -> Select[Upload]:
    """One upload of the actor's own; nobody else goes on with it."""
    actor.require(Permission.FILE_WRITE)
    return select(Upload).where(
        Upload.tenant_id == actor.require_tenant(),
        Upload.id == upload_id,
        Upload.created_by == actor.user_id,
        Upload.size.is_not(None),  # one that comes in one go is nobody's to look at
    )


def everything(actor: Actor) -> dict[str, Select[*tuple[object, ...]]]:
    """What the room gives to an archive of the actor's tenant, by the name of the list."""
    actor.require(Permission.TENANT_EXPORT)
    tenant_id = actor.require_tenant()
    return {
        "files": select(*columns(File, without=["storage_key"]))
        .where(File.tenant_id == tenant_id)
        .order_by(File.id),
        "file_quotas": select(*columns(FileQuota)).where(FileQuota.tenant_id == tenant_id),
    }


def stored(actor: Actor) -> Select[str, str]:
    """Where each upload lies in storage, and its `path` in an archive."""
    actor.require(Permission.TENANT_EXPORT)
    path = func.concat("kept/", cast(File.id, Text), "/", File.name).label("path")
    return (
        select(path, File.storage_key)
        .where(File.tenant_id == actor.require_tenant(), File.kind == Kind.UPLOAD)
        .order_by(File.id)
    )
