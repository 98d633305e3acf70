"""The actor token: how PostgreSQL knows who asks.

A token is a JWT (HS256) with the claims `sub`, `tid`, `sid`, `per`, `exp` and `aud`. The function
`workbench.tenant_with` checks it inside PostgreSQL; `migrations/versions` holds its text.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

import jwt

from workbench.actor import Actor
from workbench.db import keys

AUDIENCE = "database"
BLOCK_BYTES = 64  # of SHA-256, RFC 2104
LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True)
class ActorKey:
    """One key that signs actor tokens, derived from one secret key."""

    secret: str

    @cached_property
    def key(self) -> bytes:
        """The 32 bytes that sign."""
        return keys.derive(self.secret, "actor key")

    @cached_property
    def kid(self) -> str:
        """The key's public name."""
        return hashlib.sha256(b"kid" + self.key).hexdigest()[:16]

    @cached_property
    def header(self) -> str:
        """The encoded header of every token that this key signs; PostgreSQL accepts no other."""
        return self._encode({}).split(".")[0]

    @property
    def inner(self) -> bytes:
        """The inner pad of HMAC (RFC 2104), 64 bytes."""
        return self._pad(0x36)

    @property
    def outer(self) -> bytes:
        """The outer pad of HMAC (RFC 2104), 64 bytes."""
        return self._pad(0x5C)

    def mint(self, actor: Actor, *, lifetime: timedelta = LIFETIME) -> str:
        """Make the token that tells PostgreSQL who asks."""
        claims = {
            "aud": AUDIENCE,
            "sub": actor.subject,
            "tid": str(actor.tenant_id) if actor.tenant_id else None,
            "sid": str(actor.sid) if actor.sid else None,
            "per": sorted(actor.scope),
            "exp": int(time.time() + lifetime.total_seconds()),
        }
        return self._encode(claims)

    def _encode(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, algorithm="HS256", headers={"kid": self.kid})

    def _pad(self, byte: int) -> bytes:
        return bytes(b ^ byte for b in self.key.ljust(BLOCK_BYTES, b"\0"))
