"""The table of memberships."""

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
