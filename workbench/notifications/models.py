"""The tables of mails: a tenant's own, and those of accounts, which belong to no tenant."""

from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from workbench.db.model import Created, Identified, Model, TenantOwned

QUEUED = "status in ('queued', 'sent', 'failed')"


class Template(StrEnum):
    """What a mail says; each has a text and an HTML template of its name."""

    INVITATION = "invitation"
    INVITATION_ACCEPTED = "invitation_accepted"
    LOGIN_REUSED = "login_reused"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 (a template's name)
    PASSWORD_RESET = "password_reset"  # noqa: S105 (the same)


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


AnyMail: TypeAlias = Mail | AccountMail
