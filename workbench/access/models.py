"""The table of memberships."""

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


class Invitation(TenantOwned, Created, SoftDelete, Model):
    """A place in a tenant that is offered to whoever reads the mail of an address.

    The id is the `jti` of the token in the mail; `expires_at` moves when it is sent again, and the
    tokens of before end with that.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email"),
        CheckConstraint("role in ('guest', 'viewer', 'analyst', 'engineer', 'owner')", name="role"),
        Index(
            "uq_invitations_tenant_id_email",
            "tenant_id",
            "email",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    email: Mapped[str] = mapped_column()
    role: Mapped[str] = mapped_column()
    invited_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column()
    accepted_at: Mapped[datetime | None] = mapped_column()
