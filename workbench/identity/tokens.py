"""Access tokens (15 minutes) and refresh tokens (7 days): JWT, HS256, one key for each purpose.

A refresh token is known by its name, 256 random bits of which only the hash is kept. The name of
the token that follows comes of it and a key: two tabs that refresh at once get one and the same.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import jwt
from cachetools import LRUCache

from workbench.db import keys
from workbench.errors import Unauthenticated
from workbench.identity.mail_tokens import MailTokens
from workbench.permissions import Permission

ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=7)
ALGORITHM = "HS256"
NAME_BYTES = 32
MOST_VERIFIED = 10_000  # access tokens that one process remembers

T = TypeVar("T")


class BadToken(Unauthenticated):
    """Your sign-in is not valid or has expired; sign in again."""

    code = "bad_token"


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says: the login, the user, and the tenant or None for the platform.

    `permissions` narrows what the user holds; None narrows nothing.
    """

    sid: UUID
    user_id: UUID
    tenant_id: UUID | None
    permissions: frozenset[Permission] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshClaims(Claims):
    """What a refresh token says; `jti` names the token itself."""

    jti: str


def new_name() -> str:
    """The name of a log-in's first refresh token."""
    return secrets.token_urlsafe(NAME_BYTES)


def digest(name: str) -> str:
    """What is kept of a refresh token's name."""
    return hashlib.sha256(name.encode()).hexdigest()


class Tokens:
    """Makes and reads the tokens of the API; the newest secret key signs, every one verifies."""

    def __init__(
        self, secrets: tuple[str, ...], *, reread: Callable[[], tuple[str, ...]] | None = None
    ) -> None:
        """Derive the keys of each purpose from each secret key, newest first.

        A token of an unknown key has `reread` called: a rotation may have brought the key since.
        """
        self.mail = MailTokens(secrets)
        self._reread = reread
        self._keys = self._derived(secrets)
        self._verified: LRUCache[bytes, tuple[Claims, int]] = LRUCache(MOST_VERIFIED)
        self._successions = [keys.derive(secret, "succession key") for secret in secrets]

    @staticmethod
    def _derived(secrets: tuple[str, ...]) -> dict[str, dict[str, bytes]]:
        return {
            audience: {
                f"{audience}-{keys.derive(secret, 'kid').hex()[:12]}": keys.derive(
                    secret, f"{audience} key"
                )
                for secret in secrets
            }
            for audience in ("access", "refresh")
        }

    def access(
        self,
        sid: UUID,
        user_id: UUID,
        tenant_id: UUID | None,
        now: datetime,
        *,
        permissions: frozenset[Permission] | None = None,
        lifetime: timedelta = ACCESS_LIFETIME,
    ) -> str:
        """Make an access token of 15 minutes; a run's is narrower, and lasts as long as the run."""
        claims = _said(sid, user_id, tenant_id)
        if permissions is not None:
            claims["per"] = sorted(permissions)
        return self._encode("access", claims, now + lifetime)

    def refresh(
        self, jti: str, sid: UUID, user_id: UUID, tenant_id: UUID | None, expires: datetime
    ) -> str:
        """Make the refresh token of a name, which serves once, until it expires."""
        claims = _said(sid, user_id, tenant_id) | {"jti": jti}
        return self._encode("refresh", claims, expires)

    def successors(self, jti: str) -> list[str]:
        """The name that follows a refresh token's, by the newest key and then by older ones."""
        made = (hmac.digest(key, jti.encode(), "sha256") for key in self._successions)
        return [base64.urlsafe_b64encode(name).decode().rstrip("=") for name in made]

    def read_access(self, token: str, now: datetime) -> Claims:
        """Read an access token; raise BadToken unless it is ours and still valid.

        What a key of this process has signed is verified once and remembered by its hash.
        """
        name = hashlib.sha256(token.encode(errors="replace")).digest()
        claims, expires = self._verified.get(name, (None, 0))
        if claims is not None and expires > now.timestamp():
            return claims
        said = self._decode("access", token, now)
        claims = _read(lambda claims: Claims(**_ids(claims)), said)
        if jwt.get_unverified_header(token)["kid"] in self._keys["access"]:
            self._verified[name] = claims, said["exp"]
        return claims

    def read_refresh(self, token: str, now: datetime) -> RefreshClaims:
        """Read a refresh token; raise BadToken unless it is ours and still valid."""
        claims = self._decode("refresh", token, now)
        if not isinstance(claims.get("jti"), str):
            raise BadToken
        return _read(lambda c: RefreshClaims(**_ids(c), jti=c["jti"]), claims)

    def _key(self, audience: str, kid: str) -> bytes | None:
        if kid in self._keys[audience] or self._reread is None:
            return self._keys[audience].get(kid)
        # Only to verify: a process signs with its own newest key until it starts anew.
        return self._derived(self._reread())[audience].get(kid)

    def _encode(self, audience: str, claims: Mapping[str, Any], expires: datetime) -> str:
        kid, key = next(iter(self._keys[audience].items()))
        payload = {**claims, "aud": audience, "exp": int(expires.timestamp())}
        return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"kid": kid})

    def _decode(self, audience: str, token: str, now: datetime) -> dict[str, Any]:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = self._key(audience, kid) if isinstance(kid, str) else None
            if key is None:
                raise BadToken
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=audience,
                options={"require": ["exp", "aud", "sub", "sid"], "verify_exp": False},
            )
        except jwt.PyJWTError as error:
            raise BadToken from error
        if not isinstance(claims["exp"], int) or claims["exp"] <= now.timestamp():
            raise BadToken
        return claims


def _said(sid: UUID, user_id: UUID, tenant_id: UUID | None) -> dict[str, Any]:
    tenant = str(tenant_id) if tenant_id else None
    return {"sid": str(sid), "sub": str(user_id), "tid": tenant}


def _ids(claims: Mapping[str, Any]) -> dict[str, Any]:
    tenant, permissions = claims.get("tid"), claims.get("per")
    return {
        "sid": UUID(claims["sid"]),
        "user_id": UUID(claims["sub"]),
        "tenant_id": UUID(tenant) if tenant else None,
        "permissions": None if permissions is None else frozenset(map(Permission, permissions)),
    }


def _read(make: Callable[[dict[str, Any]], T], claims: dict[str, Any]) -> T:
    try:
        return make(claims)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadToken from error
