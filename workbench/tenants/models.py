"""The table of tenants."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from workbench.db.model import Created, Identified, Model
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
