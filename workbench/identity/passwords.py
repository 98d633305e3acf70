"""Passwords: bcrypt with 12 rounds, off the event loop, so that no log-in stops the others.

A password is normalised (NFKC, as NIST SP 800-63B asks), so that it is the same one from every
keyboard; its 72 bytes are counted afterwards.
"""

import asyncio
import re
import unicodedata

import bcrypt

from workbench.errors import Detail, Invalid

ROUNDS = 12
MAX_BYTES = 72  # bcrypt reads no further
MIN_LENGTH = 12
MIN_SCORE = 3  # of 4: about 10^8 guesses

# What an unknown user's password is compared with, so that it takes as long as a known one's.
NOBODY = "$2b$12$iD/d22UGmPVXB1VRGPv0xegbQ/N5jA1QIh6YYXQMBEagI9viNd2KS"


class BadPassword(Invalid):
    """The password cannot be used."""

    code = "bad_password"


async def check(password: str, *about: str) -> None:
    """Raise BadPassword when a new password is easily guessed, also from words about its user."""
    password = _encoded(password).decode()
    if len(password) < MIN_LENGTH:
        raise _bad(f"it needs {MIN_LENGTH} characters or more")
    if warning := await asyncio.to_thread(_weakness, password, about):
        raise _bad(warning)


async def hash_password(password: str) -> str:
    """Hash a new password; raise BadPassword when it is too short or too long."""
    if len(password) < MIN_LENGTH:
        raise _bad(f"it needs {MIN_LENGTH} characters or more")
    hashed = await asyncio.to_thread(bcrypt.hashpw, _encoded(password), bcrypt.gensalt(ROUNDS))
    return hashed.decode()


async def matches(password: str, hashed: str | None) -> bool:
    """Whether the password is the hashed one; without a hash it takes as long and is not."""
    stored = (hashed or NOBODY).encode()
    is_same = await asyncio.to_thread(bcrypt.checkpw, _encoded(password), stored)
    return is_same and hashed is not None


def _weakness(password: str, about: tuple[str, ...]) -> str | None:
    from zxcvbn import zxcvbn  # noqa: PLC0415 (its lists of words take a moment)

    parts = [re.findall(r"[^\W_]+", text) for text in about]
    words = {*about, *("".join(part) for part in parts), *(word for part in parts for word in part)}
    found = zxcvbn(password, sorted(words), max_length=MAX_BYTES)
    if found["score"] >= MIN_SCORE:
        return None
    warning = found["feedback"]["warning"].rstrip(".")
    return warning[:1].lower() + warning[1:] or "it is easily guessed"


def _encoded(password: str) -> bytes:
    try:
        encoded = unicodedata.normalize("NFKC", password).encode()
    except UnicodeEncodeError as error:
        raise _bad("it holds half a character") from error
    if len(encoded) > MAX_BYTES:
        raise _bad(f"it is longer than {MAX_BYTES} bytes")
    if b"\0" in encoded:
        raise _bad("it holds a NUL character")
    return encoded


def _bad(reason: str) -> BadPassword:
    return BadPassword(
        f"The password cannot be used: {reason}.", details=[Detail("password", reason)]
    )
