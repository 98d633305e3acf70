"""The tables of tenants, their archives and the records of their purges."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from workbench.db.model import Created, Identified, Model, TenantOwned
from workbench.db.soft_delete import SoftDelete


class Tenant(Identified, Created, SoftDelete, Model):
    """A customer, whose rows nobody else sees."""

    __tablename__ = "tenants"
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,39}$'", name="slug"),
        CheckConstraint("name <> ''", name="name"),
        Index("uq_tenants_slug", "slug", unique=True, postgresql_where=text("deleted_at is null")),
    )

    slug: Mapped[str] = mapped_column()
    name: Mapped[str] = mapped_column()
    suspended_at: Mapped[datetime | None] = mapped_column()
    suspended_reason: Mapped[str | None] = mapped_column()


class Export(TenantOwned, Created, SoftDelete, Model):
    """An archive of everything that a tenant has, made by a worker and kept in storage."""

    __tablename__ = "exports"
    __table_args__ = (
        CheckConstraint("status in ('queued', 'running', 'succeeded', 'failed')", name="status"),
    )

    requested_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    status: Mapped[str] = mapped_column()
    progress: Mapped[float | None] = mapped_column()
    storage_key: Mapped[str] = mapped_column()
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column()
    error: Mapped[str | None] = mapped_column()
    finished_at: Mapped[datetime | None] = mapped_column()


class Purge(Identified, Created, Model):
    """The record of a tenant's removal, which outlives it: what went, and the proof that all did.

    PostgreSQL itself fills in slug, audit hash and the people who may have to go.
    """

    __tablename__ = "purges"
    __table_args__ = (
        Index(
            "uq_purges_purged_id",
            "purged_id",
            unique=True,
            postgresql_where=text("finished_at is null"),
        ),
    )

    purged_id: Mapped[UUID] = mapped_column()
    slug: Mapped[str] = mapped_column()
    requested_by: Mapped[str] = mapped_column()
    removed: Mapped[dict[str, Any]] = mapped_column()
    proof: Mapped[dict[str, Any] | None] = mapped_column()
    audit_hash: Mapped[str | None] = mapped_column()
    user_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    error: Mapped[str | None] = mapped_column()
    finished_at: Mapped[datetime | None] = mapped_column()
