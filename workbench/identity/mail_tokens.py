"""Tokens that travel in mail: JWT, HS256, one key for each purpose, made anew whenever needed.

A token names a row and the second in which that row's offer ends, and nothing else makes it: who
has the row and the key can make it again, so that it is kept nowhere but in the mail itself.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import jwt

from workbench.db import keys
from workbench.errors import NotFound

ALGORITHM = "HS256"


class Purpose(StrEnum):
    """What a token in a mail is good for; it is its audience."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password-reset"  # noqa: S105 (a purpose's name)


class BadLink(NotFound):
    """This link has been used, withdrawn or replaced, or has expired; ask for a new one."""

    code = "bad_link"


@dataclass(frozen=True, slots=True)
class Offer:
    """The row that a token names, its tenant or None for the platform, and when it ends."""

    id: UUID
    tenant_id: UUID | None
    expires_at: datetime

    def ends_at(self, moment: datetime) -> bool:
        """Whether this is the second in which the row's offer ends; a renewed one ends later."""
        return int(self.expires_at.timestamp()) == int(moment.timestamp())


class MailTokens:
    """Makes and reads tokens for mails; the newest secret key signs, every one verifies."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        """Derive a key for each purpose from each secret key, newest first."""
        self._keys = {
            purpose: {
                keys.derive(secret, f"{purpose} kid").hex()[:16]: keys.derive(
                    secret, f"{purpose} key"
                )
                for secret in secrets
            }
            for purpose in Purpose
        }

    def make(self, purpose: Purpose, offer: Offer) -> str:
        """Make the token of an offer; the same offer and key make the same token."""
        kid, key = next(iter(self._keys[purpose].items()))
        tenant = str(offer.tenant_id) if offer.tenant_id else None
        claims = {"jti": str(offer.id), "tid": tenant, "aud": purpose.value}
        expires = int(offer.expires_at.timestamp())
        return jwt.encode(claims | {"exp": expires}, key, ALGORITHM, headers={"kid": kid})

    def read(self, purpose: Purpose, token: str, now: datetime) -> Offer:
        """Read a token; raise BadLink unless it is ours, for this purpose, and still valid."""
        try:
            claims = self._decode(purpose, token)
            tenant = claims["tid"]
            offer = Offer(
                UUID(claims["jti"]),
                UUID(tenant) if tenant else None,
                datetime.fromtimestamp(claims["exp"], now.tzinfo),
            )
        except (jwt.PyJWTError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise BadLink from error
        if offer.expires_at <= now:
            raise BadLink
        return offer

    def _decode(self, purpose: Purpose, token: str) -> dict[str, Any]:
        key = self._keys[purpose][jwt.get_unverified_header(token)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=purpose.value,
            options={"require": ["exp", "aud", "jti"], "verify_exp": False},
        )
        return claims
