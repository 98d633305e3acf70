"""Forgotten passwords: asking for a mail, and choosing a new password with what it brings."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from workbench.api import limits
from workbench.api.dependencies import Parts
from workbench.api.routes import LoginRoute, PublicMailRoute
from workbench.api.shapes import Order
from workbench.notifications import resets

PREFIX = "/api/v1/auth/password-reset"
MAX_TOKEN = 2000

asking = APIRouter(prefix=PREFIX, route_class=PublicMailRoute, tags=["auth"])
confirming = APIRouter(prefix=PREFIX, route_class=LoginRoute, tags=["auth"])


class ResetOrder(Order):
    """The e-mail address of whoever forgot the password."""

    email: str = Field(min_length=3, max_length=254, examples=["analyst@ua.example"])


class ResetAnswer(BaseModel):
    """The answer to every address, whether it is somebody's or not."""

    status: Literal["accepted"] = "accepted"


class NewPassword(Order):
    """The token from the mail, and the password to be."""

    token: SecretStr = Field(max_length=MAX_TOKEN)
    password: SecretStr = Field(max_length=1000)


@asking.post("", status_code=202)
async def ask(order: ResetOrder, parts: Parts) -> ResetAnswer:
    """Ask for a mail with which a new password can be chosen; every address is answered alike."""
    await parts.limiter.hit(limits.RECIPIENT, "reset", limits.account(order.email))
    await resets.ask(parts.database, order.email)
    return ResetAnswer()


@confirming.post("/confirm", status_code=204)
async def confirm(order: NewPassword, parts: Parts) -> None:
    """Choose a new password with the token from the mail; every log-in of the user ends."""
    await resets.confirm(
        parts.database,
        parts.tokens.mail,
        order.token.get_secret_value(),
        order.password.get_secret_value(),
        parts.clock(),
    )
