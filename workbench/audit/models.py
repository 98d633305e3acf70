"""The tables of the audit: its entries, and the chain that shows that none was changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from workbench.db.model import Model, TenantOwned


class AuditEntry(TenantOwned, Model):
    """One thing that somebody did or read in a tenant; nobody changes or deletes it."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_tenant_id_at_id", "tenant_id", "at", "id"),
        Index("ix_audit_entries_tenant_id_subject_at_id", "tenant_id", "subject", "at", "id"),
        Index("ix_audit_entries_tenant_id_action_at_id", "tenant_id", "action", "at", "id"),
        Index(
            "ix_audit_entries_tenant_id_run_id",
            "tenant_id",
            "run_id",
            postgresql_where=text("run_id is not null"),
        ),
    )
    # Who writes an entry may not read it: asking for the default back would ask to see the row.
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 (SQLAlchemy's own form)

    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    subject: Mapped[str] = mapped_column()
    sid: Mapped[UUID | None] = mapped_column()
    action: Mapped[str] = mapped_column()
    target: Mapped[str] = mapped_column()
    details: Mapped[dict[str, Any]] = mapped_column()
    run_id: Mapped[UUID | None] = mapped_column()
    rows: Mapped[int | None] = mapped_column(BigInteger)


class _OfChain:
    """A place in a tenant's chain, which counts from 1, and the hash there (32 bytes)."""

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column()


class AuditLink(_OfChain, Model):
    """One entry's place in its tenant's chain."""

    __tablename__ = "audit_links"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "entry_id"], ["audit_entries.tenant_id", "audit_entries.id"]
        ),
        Index("uq_audit_links_tenant_id_entry_id", "tenant_id", "entry_id", unique=True),
    )

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey("tenants.id"), primary_key=True, sort_order=-1
    )
    entry_id: Mapped[UUID] = mapped_column()


class AuditSeal(_OfChain, Model):
    """Where a tenant's chain ended when a batch was sealed."""

    __tablename__ = "audit_seals"

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey("tenants.id"), primary_key=True, sort_order=-1
    )
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class AuditPurge(_OfChain, Model):
    """Where the chain ended of what was purged; `tenant` is the id, which may be gone."""

    __tablename__ = "audit_purges"

    tenant: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    entries: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
