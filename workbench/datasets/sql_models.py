"""The tables of statements that members run, and of queries that they keep."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from workbench.db.model import Created, Model, TenantOwned
from workbench.db.soft_delete import SoftDelete

RUNS = text("ended_at is null")


class SavedQuery(TenantOwned, Created, SoftDelete, Model):
    """A statement that is kept under a name; who runs it sees what he may see himself."""

    __tablename__ = "saved_queries"
    __table_args__ = (
        CheckConstraint("name <> ''", name="name"),
        Index(
            "uq_saved_queries_tenant_id_made_by_name",
            "tenant_id",
            "made_by",
            "name",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    made_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column()
    description: Mapped[str] = mapped_column()
    sql: Mapped[str] = mapped_column()
    parameters: Mapped[dict[str, Any]] = mapped_column()
    is_shared: Mapped[bool] = mapped_column(server_default=text("false"))
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Statement(TenantOwned, Model):
    """A statement that somebody ran; without an end it runs, and holds a slot."""

    __tablename__ = "statements"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "saved_query_id"], ["saved_queries.tenant_id", "saved_queries.id"]
        ),
        Index("ix_statements_tenant_id_saved_query_id", "tenant_id", "saved_query_id"),
        Index(
            "uq_statements_tenant_id_user_id",
            "tenant_id",
            "user_id",
            unique=True,
            postgresql_where=RUNS,
        ),
        Index(
            "uq_statements_tenant_id_slot", "tenant_id", "slot", unique=True, postgresql_where=RUNS
        ),
        Index("ix_statements_tenant_id_user_id_started_at", "tenant_id", "user_id", "started_at"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    saved_query_id: Mapped[UUID | None] = mapped_column()
    sql: Mapped[str] = mapped_column()
    parameters: Mapped[dict[str, Any]] = mapped_column()
    slot: Mapped[int] = mapped_column()
    label: Mapped[str] = mapped_column()
    started_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    ended_at: Mapped[datetime | None] = mapped_column()
    outcome: Mapped[str | None] = mapped_column()
    rows: Mapped[int | None] = mapped_column(BigInteger)
    elapsed_ms: Mapped[float | None] = mapped_column()
