"""Statements about users."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, column, exists, func, select, text

from workbench.actor import Actor
from workbench.identity import tokens
from workbench.identity.models import (
    ApiToken,
    Login,
    Password,
    PasswordReset,
    RefreshToken,
    User,
)
from workbench.permissions import Permission

API_TOKEN = text("select * from workbench.api_token(:token, :hash)")
BY_EMAIL = text("select user_id, tenant_id from workbench.login_by_email(:email)")


def users(actor: Actor) -> Select[User]:
    """Every user, by e-mail; for the platform's operator."""
    actor.require(Permission.USER_MANAGE)
    return select(User).order_by(User.email)


def user_with_email(actor: Actor, email: str) -> Select[User]:
    """The user with an e-mail address; for the platform's operator."""
    return users(actor).where(User.email == email.lower())


def myself(actor: Actor) -> Select[User]:
    """The user who asks."""
    return select(User).where(User.id == actor.user_id)


def password_hash(user_id: UUID) -> Select[str]:
    """The hash of a user's password; PostgreSQL shows it to the log-in and to its user only."""
    return select(Password.hash).where(Password.user_id == user_id)


def refresh_token(login_id: UUID, jti: str) -> Select[RefreshToken]:
    """The refresh token of a name, in the login that it names."""
    return select(RefreshToken).where(
        RefreshToken.login_id == login_id, RefreshToken.hash == tokens.digest(jti)
    )


def password_reset(reset_id: UUID) -> Select[PasswordReset, datetime]:
    """A password reset and when its user's password was changed last, locked."""
    return (
        select(PasswordReset, Password.changed_at)
        .join(Password, Password.user_id == PasswordReset.user_id)
        .join(User, User.id == PasswordReset.user_id)
        .where(PasswordReset.id == reset_id, User.disabled_at.is_(None))
        .with_for_update(of=PasswordReset)
    )


def api_tokens(actor: Actor) -> Select[ApiToken, User, bool]:
    """The actor's API tokens, or an owner's whole tenant's, and whether they still let in."""
    actor.require(Permission.TOKEN_MANAGE)
    statement = (
        select(ApiToken, User, _is_live().label("is_live"))
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.tenant_id == actor.require_tenant())
        .order_by(ApiToken.id.desc())
    )
    if actor.may(Permission.MEMBER_MANAGE):
        return statement
    return statement.where(ApiToken.user_id == actor.user_id)


def api_token(actor: Actor, token_id: UUID) -> Select[ApiToken, User, bool]:
    """One of them."""
    return api_tokens(actor).where(ApiToken.id == token_id)


def _is_live() -> ColumnElement[bool]:
    found = func.workbench.actor_of(ApiToken.id, ApiToken.tenant_id).table_valued("user_id")
    return exists(select(column("user_id")).select_from(found).where(found.c.user_id.is_not(None)))


def locked_login(login_id: UUID) -> Select[Login]:
    """A login, locked until the transaction ends: whoever refreshes it comes one after another."""
    return select(Login).where(Login.id == login_id).with_for_update()


def logins(actor: Actor) -> Select[Login]:
    """The log-ins of the user who asks, the newest first."""
    return _logins(actor.user_id)


def logins_of(actor: Actor, user_id: UUID) -> Select[Login]:
    """The log-ins of a user, the newest first; for the platform's operator."""
    actor.require(Permission.USER_MANAGE)
    return _logins(user_id)


def login_from(email: str, address: str, since: datetime) -> Select[UUID]:
    """A log-in of an account from an address since a time; for the log-in task."""
    return (
        select(Login.id)
        .join(User, User.id == Login.user_id)
        .where(User.email == email.lower(), Login.address == address, Login.created_at > since)
        .limit(1)
    )


def _logins(user_id: UUID | None) -> Select[Login]:
    return select(Login).where(Login.user_id == user_id).order_by(Login.id.desc())
