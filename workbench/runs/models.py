"""The tables of runs, their attempts, their metrics and their artifacts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workbench.db.model import Created, Model, TenantOwned
from workbench.db.soft_delete import SoftDelete


class Run(TenantOwned, Created, SoftDelete, Model):
    """One execution of one notebook with one set of parameters."""

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint(
            "status in ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out', "
            "'skipped')",
            name="status",
        ),
        CheckConstraint("queue in ('interactive', 'batch')", name="queue"),
        Index("ix_runs_id", "id"),
        Index("ix_runs_heartbeat_at", "heartbeat_at", postgresql_where=text("status = 'running'")),
        Index(
            "ix_runs_waiting",
            "queue",
            "tenant_id",
            text("priority desc"),
            "id",
            postgresql_where=text("status = 'queued'"),
        ),
        Index(
            "ix_runs_after",
            "tenant_id",
            "id",
            postgresql_where=text("status = 'queued' and after <> '{}'"),
        ),
        Index(
            "uq_runs_tenant_id_slot",
            "tenant_id",
            "slot",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
        Index(
            "uq_runs_tenant_id_key",
            "tenant_id",
            "key",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
        Index("ix_runs_tenant_id_started_at", "tenant_id", "started_at"),
        Index("ix_runs_tenant_id_created_at", "tenant_id", "created_at"),
        Index(
            "ix_runs_tenant_id_deleted_at",
            "tenant_id",
            "deleted_at",
            postgresql_where=text("deleted_at is not null"),
        ),
        Index("ix_runs_tenant_id_notebook_id", "tenant_id", "notebook", "id"),
    )

    notebook: Mapped[str] = mapped_column()
    parameters: Mapped[dict[str, Any]] = mapped_column()
    status: Mapped[str] = mapped_column()
    queue: Mapped[str] = mapped_column(server_default=text("'interactive'"))
    priority: Mapped[int] = mapped_column(server_default=text("0"))
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    retries: Mapped[int] = mapped_column(server_default=text("0"))  # of a failure, as declared
    retried: Mapped[int] = mapped_column(server_default=text("0"))  # since somebody ordered it
    orders: Mapped[int] = mapped_column(server_default=text("1"))  # by people, who may repeat it
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    key: Mapped[str | None] = mapped_column()
    after: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    slot: Mapped[int | None] = mapped_column()  # of those that its tenant has, while it works
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    progress: Mapped[float | None] = mapped_column()
    cells: Mapped[int | None] = mapped_column()
    cells_done: Mapped[int | None] = mapped_column()
    cell_title: Mapped[str | None] = mapped_column()
    error: Mapped[str | None] = mapped_column()
    commit: Mapped[str | None] = mapped_column()
    notebook_hash: Mapped[str | None] = mapped_column()
    started_at: Mapped[datetime | None] = mapped_column()
    heartbeat_at: Mapped[datetime | None] = mapped_column()
    finished_at: Mapped[datetime | None] = mapped_column()
    metrics: Mapped[list["Metric"]] = relationship(
        lazy="raise", viewonly=True, order_by="Metric.name"
    )
    artifacts: Mapped[list["Artifact"]] = relationship(lazy="raise", viewonly=True)


class RunAttempt(TenantOwned, SoftDelete, Model):
    """One try at a run: which worker began it, and how it ended."""

    __tablename__ = "attempts"
    __table_args__ = (
        CheckConstraint(
            "outcome in ('succeeded', 'failed', 'cancelled', 'timed_out', 'lost', 'released')",
            name="outcome",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], ondelete="CASCADE"
        ),
        Index("ix_attempts_tenant_id_run_id", "tenant_id", "run_id"),
        Index(
            "uq_attempts_tenant_id_run_id_number",
            "tenant_id",
            "run_id",
            "number",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    run_id: Mapped[UUID] = mapped_column()
    number: Mapped[int] = mapped_column()
    worker: Mapped[str | None] = mapped_column()
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column()
    outcome: Mapped[str | None] = mapped_column()
    error: Mapped[str | None] = mapped_column()


class RunLog(TenantOwned, Model):
    """The end of what a run printed; `said` counts the characters of all of its attempts."""

    __tablename__ = "run_logs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], ondelete="CASCADE"
        ),
        Index("uq_run_logs_tenant_id_run_id", "tenant_id", "run_id", unique=True),
    )

    run_id: Mapped[UUID] = mapped_column()
    said: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    tail: Mapped[str] = mapped_column(server_default=text("''"))


class Metric(TenantOwned, SoftDelete, Model):
    """A figure that a run measured, with its unit and the budget it should keep."""

    __tablename__ = "metrics"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"]),
        Index(
            "ix_metrics_tenant_id_deleted_at",
            "tenant_id",
            "deleted_at",
            postgresql_where=text("deleted_at is not null"),
        ),
        Index("ix_metrics_tenant_id_run_id", "tenant_id", "run_id"),
        Index(
            "uq_metrics_tenant_id_run_id_name",
            "tenant_id",
            "run_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    run_id: Mapped[UUID] = mapped_column()
    name: Mapped[str] = mapped_column()
    value: Mapped[float] = mapped_column()
    unit: Mapped[str | None] = mapped_column()
    budget: Mapped[float | None] = mapped_column()


class Artifact(TenantOwned, Created, SoftDelete, Model):
    """A file that a run left behind; one that is deleted may outlast its file."""

    __tablename__ = "artifacts"
    __table_args__ = (
        CheckConstraint("file_id is not null or deleted_at is not null", name="file_id"),
        ForeignKeyConstraint(["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "file_id"],
            ["files.tenant_id", "files.id"],
            ondelete="SET NULL (file_id)",
        ),
        Index(
            "ix_artifacts_tenant_id_deleted_at",
            "tenant_id",
            "deleted_at",
            postgresql_where=text("deleted_at is not null"),
        ),
        Index("ix_artifacts_tenant_id_file_id", "tenant_id", "file_id"),
        Index("ix_artifacts_tenant_id_run_id", "tenant_id", "run_id"),
        Index(
            "uq_artifacts_tenant_id_run_id_name",
            "tenant_id",
            "run_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    run_id: Mapped[UUID] = mapped_column()
    name: Mapped[str] = mapped_column()
    media_type: Mapped[str] = mapped_column()
    size: Mapped[int] = mapped_column(BigInteger)
    file_id: Mapped[UUID | None] = mapped_column()
