"""The tables of files, of uploads on their way, and of each tenant's quota."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from workbench.db.model import Created, Model, TenantOwned
from workbench.db.soft_delete import SoftDelete

KIND = "kind in ('upload', 'import', 'reject', 'artifact')"


class File(TenantOwned, Created, SoftDelete, Model):
    """Bytes that a tenant keeps; `owner_id` names the run or import that they belong to.

    Without a hash nobody has read them yet, and how many they are is not known either.
    """

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint(KIND, name="kind"),
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        Index(
            "ix_files_tenant_id_deleted_at",
            "tenant_id",
            "deleted_at",
            postgresql_where=text("deleted_at is not null"),
        ),
    )

    name: Mapped[str] = mapped_column()
    kind: Mapped[str] = mapped_column()
    media_type: Mapped[str] = mapped_column()
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column()
    storage_key: Mapped[str] = mapped_column()
    owner_id: Mapped[UUID | None] = mapped_column()
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    lost_at: Mapped[datetime | None] = mapped_column()


class Upload(TenantOwned, Created, Model):
    """A file on its way: the bytes that are reserved for it, and those that have arrived.

    It goes in the transaction that makes the file of the same id. As long as it is there, there is
    no such file, and whatever lies under the id in storage may be removed.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint(KIND, name="kind"),
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint("reserved >= 0", name="reserved"),
        CheckConstraint("received >= 0 and received <= size", name="received"),
    )

    name: Mapped[str] = mapped_column()
    kind: Mapped[str] = mapped_column()
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column()
    reserved: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger)
    parts: Mapped[list[str]] = mapped_column()
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)


class FileQuota(Model):
    """How many bytes the files of a tenant may take, and how many are taken or reserved."""

    __tablename__ = "file_quotas"
    __table_args__ = (
        CheckConstraint("quota >= 0", name="quota"),
        CheckConstraint("used >= 0", name="used"),
    )

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    quota: Mapped[int | None] = mapped_column(BigInteger)
    used: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
