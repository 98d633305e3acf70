"""Keys and passwords derived from the secret keys, one for each purpose.

HKDF (RFC 5869) with SHA-256 keeps the purposes apart: who learns one derived key learns no other.
"""

import base64
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


@lru_cache(maxsize=4096)
def derive(secret: str, purpose: str) -> bytes:
    """Derive the 32 bytes that serve one purpose."""
    hkdf = HKDF(
        algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"workbench " + purpose.encode()
    )
    return hkdf.derive(secret.encode())


def password(secret: str, role: str) -> str:
    """Derive the password of a PostgreSQL role."""
    return base64.urlsafe_b64encode(derive(secret, f"role {role}")).decode().rstrip("=")
