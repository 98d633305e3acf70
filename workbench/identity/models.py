"""The tables of users and their log-ins."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workbench.db.model import Created, Identified, Model, TenantOwned
from workbench.db.soft_delete import SoftDelete


class User(Identified, Created, SoftDelete, Model):
    """A person who can sign in; a member of any number of tenants."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email"),
        Index("uq_users_email", "email", unique=True, postgresql_where=text("deleted_at is null")),
    )

    email: Mapped[str] = mapped_column()
    name: Mapped[str] = mapped_column()
    is_operator: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    disabled_at: Mapped[datetime | None] = mapped_column()


class Password(Model):
    """The bcrypt hash of a user's password."""

    __tablename__ = "passwords"
    # Who sets a password need not be let in to read it: nothing is fetched back.
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 (SQLAlchemy's own form)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    hash: Mapped[str] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Ended(StrEnum):
    """Why a log-in ended before its time."""

    DISABLED = "disabled"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 (a reason's name)
    REUSED = "reused"
    REVOKED = "revoked"
    SIGNED_OUT = "signed_out"
    SIGNED_OUT_ELSEWHERE = "signed_out_elsewhere"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"


class Login(Identified, Created, SoftDelete, Model):
    """A browser's or a program's signed-in period; its id is the actor's `sid`."""

    __tablename__ = "logins"
    __table_args__ = (
        CheckConstraint(f"ended_reason in {tuple(map(str, Ended))}", name="ended_reason"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    user_agent: Mapped[str] = mapped_column()
    address: Mapped[str] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column()
    ended_reason: Mapped[str | None] = mapped_column()
    user: Mapped[User] = relationship(lazy="raise")


class RefreshToken(Identified, Created, Model):
    """One refresh token of a login, known by the hash of its name (`jti`); it serves once."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index("uq_refresh_tokens_hash", "hash", unique=True),)

    login_id: Mapped[UUID] = mapped_column(ForeignKey("logins.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column()
    used_at: Mapped[datetime | None] = mapped_column()
    hash: Mapped[str] = mapped_column()
    login: Mapped[Login] = relationship(lazy="raise")


class PasswordReset(Identified, Created, Model):
    """A way for a user to choose a new password; the id is the `jti` of the token in the mail.

    It serves once; a newer one, and a changed password, end it.
    """

    __tablename__ = "password_resets"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column()
    used_at: Mapped[datetime | None] = mapped_column()


class ApiToken(TenantOwned, Created, SoftDelete, Model):
    """A program's way to act as its maker in one tenant; its id is the actor's `sid`.

    The secret itself is kept nowhere, and a deleted token is a revoked one.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint(
            "not scope && array['member:manage', 'role:manage', 'token:manage']", name="scope"
        ),
        Index("ix_api_tokens_id", "id"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column()
    secret_hash: Mapped[str] = mapped_column()
    scope: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime] = mapped_column()
    last_used_at: Mapped[datetime | None] = mapped_column()
