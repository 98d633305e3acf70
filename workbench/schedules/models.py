"""The tables of schedules, of what they wait for, and of what they started."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from workbench.db.model import Created, Model, TenantOwned
from workbench.db.soft_delete import SoftDelete


class Schedule(TenantOwned, Created, SoftDelete, Model):
    """When a notebook runs by itself, and as whom: by a clock, or after other schedules."""

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("catch_up between 0 and 24", name="catch_up"),
        Index("ix_schedules_next_at", "next_at", postgresql_where=text("paused_at is null")),
        Index(
            "uq_schedules_tenant_id_name",
            "tenant_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    name: Mapped[str] = mapped_column()
    notebook: Mapped[str] = mapped_column()
    parameters: Mapped[dict[str, Any]] = mapped_column()
    cron: Mapped[str | None] = mapped_column()
    time_zone: Mapped[str] = mapped_column()
    catch_up: Mapped[int] = mapped_column()
    recipients: Mapped[list[str]] = mapped_column()
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    next_at: Mapped[datetime | None] = mapped_column()
    paused_at: Mapped[datetime | None] = mapped_column()
    paused_reason: Mapped[str | None] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()


class Link(TenantOwned, Model):
    """That a schedule waits for another; the other's slots up to `used_slot` are used up."""

    __tablename__ = "schedule_links"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "schedule_id"], ["schedules.tenant_id", "schedules.id"]),
        ForeignKeyConstraint(["tenant_id", "upstream_id"], ["schedules.tenant_id", "schedules.id"]),
        Index("ix_schedule_links_tenant_id_upstream_id", "tenant_id", "upstream_id"),
        Index(
            "uq_schedule_links_tenant_id_schedule_id_upstream_id",
            "tenant_id",
            "schedule_id",
            "upstream_id",
            unique=True,
        ),
    )

    schedule_id: Mapped[UUID] = mapped_column()
    upstream_id: Mapped[UUID] = mapped_column()
    used_slot: Mapped[datetime] = mapped_column()


class Tick(TenantOwned, Created, Model):
    """What one slot of a schedule came to for one person: a run, or the reason why there is none.

    `is_report` tells the runs that are made to be mailed from the schedule's own. A tick outlasts
    its run when that is purged.
    """

    __tablename__ = "ticks"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "schedule_id"], ["schedules.tenant_id", "schedules.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], ondelete="SET NULL (run_id)"
        ),
        Index("ix_ticks_tenant_id_run_id", "tenant_id", "run_id"),
        Index(
            "uq_ticks_tenant_id_schedule_id_slot_user_id",
            "tenant_id",
            "schedule_id",
            "slot",
            "user_id",
            unique=True,
        ),
    )

    schedule_id: Mapped[UUID] = mapped_column()
    slot: Mapped[datetime] = mapped_column()
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    run_id: Mapped[UUID | None] = mapped_column()
    is_report: Mapped[bool] = mapped_column()
    reason: Mapped[str | None] = mapped_column()
    mailed_at: Mapped[datetime | None] = mapped_column()
