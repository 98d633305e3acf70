"""The tables of mails, of notices in the house, and of what people want to hear of.

Mails are a tenant's own, or those of accounts, which belong to no tenant.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from workbench.db.model import Created, Identified, Model, TenantOwned
from workbench.db.soft_delete import SoftDelete

QUEUED = "status in ('queued', 'sent', 'failed')"


class Template(StrEnum):
    """What a mail says; each has a text and an HTML template of its name."""

    INVITATION = "invitation"
    INVITATION_ACCEPTED = "invitation_accepted"
    LOGIN_REUSED = "login_reused"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 (a template's name)
    PASSWORD_RESET = "password_reset"  # noqa: S105 (the same)
    ALERT = "alert"
    REPORT = "report"
    SCHEDULE_PAUSED = "schedule_paused"


class Status(StrEnum):
    """Where a mail is: on its way, accepted by the server, or given up."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


class _Queued:
    """To whom, what, and how far; no token and no password is ever kept here."""

    # Who may cause a mail need not be let in to read it: nothing is fetched back.
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 (SQLAlchemy's own form)

    recipient: Mapped[str] = mapped_column()
    template: Mapped[str] = mapped_column()
    details: Mapped[dict[str, Any]] = mapped_column()
    status: Mapped[str] = mapped_column(default=Status.QUEUED, server_default=Status.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    error: Mapped[str | None] = mapped_column()
    message_id: Mapped[str | None] = mapped_column()
    sent_at: Mapped[datetime | None] = mapped_column()

    @declared_attr
    def user_id(cls) -> Mapped[UUID | None]:  # noqa: N805 (SQLAlchemy calls it on the class)
        """The user that is written to, where the address is known to be somebody's."""
        return mapped_column(ForeignKey("users.id"), index=True)


class Mail(_Queued, TenantOwned, Created, Model):
    """A mail that somebody in a tenant caused."""

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint(QUEUED, name="status"),
        Index(
            "ix_mails_next_attempt_at",
            "next_attempt_at",
            postgresql_where=text("status = 'queued'"),
        ),
    )


class AccountMail(_Queued, Identified, Created, Model):
    """A mail about an account, such as a password reset, which no tenant has a part in."""

    __tablename__ = "account_mails"
    __table_args__ = (
        CheckConstraint(QUEUED, name="status"),
        Index(
            "ix_account_mails_next_attempt_at",
            "next_attempt_at",
            postgresql_where=text("status = 'queued'"),
        ),
    )


class Event(StrEnum):
    """What somebody may want to hear of: a run that failed, or a figure beyond its budget."""

    RUN_FAILED = "run_failed"
    OVER_BUDGET = "over_budget"


class Channel(StrEnum):
    """How somebody hears: in the house, or by mail as well."""

    APP = "app"
    MAIL = "mail"


class Subscription(TenantOwned, Created, SoftDelete, Model):
    """That a member wants to hear of events of one notebook, or of all when it names none."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        CheckConstraint("event in ('run_failed', 'over_budget')", name="event"),
        CheckConstraint("channel in ('app', 'mail')", name="channel"),
        Index(
            "uq_subscriptions_tenant_id_user_id_event_notebook",
            "tenant_id",
            "user_id",
            "event",
            "notebook",
            unique=True,
            postgresql_where=text("deleted_at is null"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    event: Mapped[str] = mapped_column()
    notebook: Mapped[str | None] = mapped_column()
    channel: Mapped[str] = mapped_column()


class Notice(TenantOwned, Created, Model):
    """What a member was told, once for each final state of a run."""

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint("event in ('run_failed', 'over_budget')", name="event"),
        ForeignKeyConstraint(
            ["tenant_id", "run_id"], ["runs.tenant_id", "runs.id"], ondelete="CASCADE"
        ),
        Index("ix_notices_tenant_id_run_id", "tenant_id", "run_id"),
        Index(
            "uq_notices_tenant_id_user_id_run_id_attempt_event",
            "tenant_id",
            "user_id",
            "run_id",
            "attempt",
            "event",
            unique=True,
        ),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    event: Mapped[str] = mapped_column()
    run_id: Mapped[UUID] = mapped_column()
    attempt: Mapped[int] = mapped_column()
    notebook: Mapped[str] = mapped_column()
    text: Mapped[str] = mapped_column()
    read_at: Mapped[datetime | None] = mapped_column()


AnyMail: TypeAlias = Mail | AccountMail
