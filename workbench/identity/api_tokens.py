"""The text of an API token: `wbt_<id>_<secret>`, shown once and kept as a hash alone."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from uuid import UUID

from workbench.errors import Unauthenticated
from workbench.identity.tokens import Claims

PREFIX = "wbt_"  # by which scanners of secrets find a token that was left somewhere
SECRET_BYTES = 32
TEXT = re.compile(rf"{PREFIX}([0-9a-f]{{32}})_([0-9a-f]{{{SECRET_BYTES * 2}}})", re.ASCII)


class BadApiToken(Unauthenticated):
    """The API token is not valid, has expired or was revoked."""

    code = "bad_token"


@dataclass(frozen=True, slots=True)
class ApiTokenClaims(Claims):
    """What an API token proves; `sid` is its id."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What the holder of a token knows: the token's id, and the hash of its secret."""

    token_id: UUID
    hash: str


def make(token_id: UUID) -> tuple[str, Secret]:
    """Make a token's text, and what is kept of it."""
    text = f"{prefix(token_id)}_{secrets.token_hex(SECRET_BYTES)}"
    return text, read(text)


def prefix(token_id: UUID) -> str:
    """The part of a token's text that is no secret."""
    return f"{PREFIX}{token_id.hex}"


def is_one(text: str) -> bool:
    """Whether a text means to be an API token, valid or not."""
    return text.startswith(PREFIX)


def read(text: str) -> Secret:
    """Read a token's text; raise BadApiToken unless it has the form of one."""
    found = TEXT.fullmatch(text)
    if found is None:
        raise BadApiToken
    return Secret(UUID(found[1]), hashlib.sha256(found[2].encode()).hexdigest())
