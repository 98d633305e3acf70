"""The table of audit entries."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from workbench.db.model import Model, TenantOwned


class AuditEntry(TenantOwned, Model):
    """One thing that somebody did or read in a tenant; nobody changes or deletes it."""

    __tablename__ = "audit_entries"
    # Who writes an entry may not read it: asking for the default back would ask to see the row.
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 (SQLAlchemy's own form)

    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    subject: Mapped[str] = mapped_column()
    sid: Mapped[UUID | None] = mapped_column()
    action: Mapped[str] = mapped_column()
    target: Mapped[str] = mapped_column()
    details: Mapped[dict[str, Any]] = mapped_column()
