"""Secrets: which are too weak to keep anything, and the files that hold the generated ones."""

import math
import os
import re
import secrets
import stat
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from workbench.errors import Invalid

KEY_BYTES = 32
LEAST_LENGTH = 32
LEAST_BITS = 80.0  # 32 random hexadecimal digits have about 115 by this measure
# What documentation and templates put in a secret's place, ours and other people's.
SAMPLE = re.compile(
    r"change.?(me|this|it)|replace.?(me|this|it|with)|placeholder|example|sample|insecure|"
    r"your.?(secret|key|password)|secret.?key|not.?a.?secret|dummy|[<>{}$…]|\.\.\.",
    re.IGNORECASE,
)
SAMPLE_PASSWORDS = frozenset(
    {
        "", "admin", "app", "db", "demo", "dev", "guest", "letmein", "owner", "pass", "passw0rd",
        "password", "pg", "postgres", "postgresql", "pw", "qwerty", "reader", "root", "secret",
        "test", "user", "welcome", "workbench", "workbench_app", "workbench_owner",
        "workbench_reader", "workbench_worker", "worker", "123456", "12345678",
    }
)  # fmt: skip


def new_key() -> str:
    """Make a secret key."""
    return secrets.token_urlsafe(KEY_BYTES)


def key_weakness(key: str) -> str | None:
    """Why a secret key keeps nothing secret, or None when it may."""
    if SAMPLE.search(key):
        return "is a sample"
    if _is_repeated(key) or _steps(key) > len(key) / 2:
        return "repeats itself"
    if _bits(key) < LEAST_BITS:
        return "is easy to guess"
    return None


def password_weakness(password: str, user: str | None = None) -> str | None:
    """Why a password of a database keeps nobody out, or None when it may."""
    lowered = password.lower()
    if lowered in SAMPLE_PASSWORDS or SAMPLE.search(password):
        return "is a sample"
    if lowered == (user or "").lower():
        return "is the user's name"
    return "repeats itself" if _is_repeated(password) else None


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file of keys, one on each line, that nobody but its owner may read."""

    path: Path

    def make(self, *keys: str) -> None:
        """Write the keys unless the file is there; nobody ever sees half of it."""
        written = self._written(keys)
        try:
            os.link(written, self.path)
        except FileExistsError:
            pass
        finally:
            written.unlink()

    def replace(self, keys: Iterable[str]) -> None:
        """Write the keys in place of those that were there, all or none."""
        self._written(keys).replace(self.path)

    def read(self) -> list[str]:
        """The keys; raise Invalid when others may read them too."""
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if mode & 0o077:
            raise Invalid(
                f"Others may read {self.path} (mode {mode:04o}): `chmod 600` it, and if anybody "
                "else uses this machine, change the key with `workbench keys rotate`."
            )
        return self.path.read_text().splitlines()

    def _written(self, keys: Iterable[str]) -> Path:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        with os.fdopen(handle, "w") as file:
            file.write("\n".join(keys))
            file.flush()
            os.fsync(file.fileno())
        return Path(name)


def _bits(text: Sequence[str]) -> float:
    """The entropy of the characters by how often each stands there, times their number."""
    size = len(text)
    return -sum(n * math.log2(n / size) for n in Counter(text).values())


def _is_repeated(text: str) -> bool:
    return len(text) > 1 and text in (text + text)[1:-1]


def _steps(text: str) -> int:
    """How many characters follow their neighbour in the alphabet, up or down, or equal it."""
    return sum(abs(ord(a) - ord(b)) <= 1 for a, b in pairwise(text))
