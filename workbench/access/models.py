"""The tables of memberships and impersonations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from workbench.db.model import Created, Model, TenantOwned
from workbench.db.soft_delete import SoftDelete


class Membership(TenantOwned, Created, SoftDelete, Model):
    """A user's place in a tenant, and the role held there."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint("role in ('guest', 'viewer', 'analyst', 'engineer', 'owner')", name="role"),
        Index(
            "uq_memberships_tenant_id_user_id",
            "tenant_id",
            "user_id",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column()


class Impersonation(TenantOwned, Created, SoftDelete, Model):
    """An operator's stay in a tenant: who, as which role, why, until when."""

    __tablename__ = "impersonations"
    __table_args__ = (
        CheckConstraint("role in ('viewer', 'analyst', 'engineer', 'owner')", name="role"),
        CheckConstraint("reason <> ''", name="reason"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    operator: Mapped[str] = mapped_column()
    role: Mapped[str] = mapped_column()
    reason: Mapped[str] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
    ended_by: Mapped[str | None] = mapped_column()
