"""The chain: what of an entry is hashed, and how a chain is checked without PostgreSQL.

The hash at a position is `sha256(hash before || form of the entry)`; before the first stand 32
zero bytes. The form is a netstring for each field, see `docs/audit.md`. PostgreSQL computes the
same in `workbench.audit_form`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

FORM = "workbench audit 1"
START = bytes(32)
# The fields that are hashed, in their order; an exported line has them under the same names.
FIELDS = (
    "tenant_id",
    "id",
    "at",
    "subject",
    "sid",
    "action",
    "target",
    "run_id",
    "rows",
    "details",
)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry at its place: the hash before and at it, and its fields as texts or None."""

    position: int
    previous: bytes
    hash: bytes
    fields: Sequence[str | None]

    @property
    def is_sound(self) -> bool:
        """Whether the hash is that of the entry after the hash before."""
        return link(self.previous, self.fields) == self.hash


def link(previous: bytes, fields: Sequence[str | None]) -> bytes:
    """The hash of an entry after the hash before it."""
    return hashlib.sha256(previous + form(fields)).digest()


def form(fields: Sequence[str | None]) -> bytes:
    """The bytes of an entry that are hashed: no two entries share them."""
    return b"".join(_netstring(text) for text in (FORM, *fields))


def _netstring(text: str | None) -> bytes:
    if text is None:
        return b"-,"
    data = text.encode()
    return b"%d:%b," % (len(data), data)


def moment(at: datetime) -> str:
    """A time as the form writes it: UTC, with microseconds."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def canonical(value: Any) -> str:
    """JSON as PostgreSQL's `jsonb` prints it: keys by length, then by bytes; numbers as given."""
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return "{" + ", ".join(f"{_text(key)}: {canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(canonical, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def parse(text: str) -> Line:
    """Read one exported line of JSON; raise ValueError when it is none."""
    # Numbers keep every digit that the hash has seen.
    found = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    try:
        fields = [_field(name, found[name]) for name in FIELDS]
        position, previous = int(found["position"]), bytes.fromhex(found["previous"])
        return Line(position, previous, bytes.fromhex(found["hash"]), fields)
    except (KeyError, TypeError, ArithmeticError) as error:
        message = "this is no line of an export"
        raise ValueError(message) from error


def _field(name: str, value: Any) -> str | None:
    if name == "details":
        return canonical(value)
    if isinstance(value, str) or value is None:
        return value
    if name == "rows" and isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(name)


@dataclass(slots=True)
class Checker:
    """Reads a chain line by line and remembers the first place where it does not hold."""

    position: int = 0
    hash: bytes = START
    checked: int = 0
    wrong: str | None = field(default=None)
    is_anchored: bool = True

    def read(self, line: Line) -> bool:
        """Check the next line; False from the first on that does not fit."""
        if self.wrong is None:
            self.wrong = self._look(line)
        if self.wrong is not None:
            return False
        self.position, self.hash, self.is_anchored = line.position, line.hash, True
        self.checked += 1
        return True

    def _look(self, line: Line) -> str | None:
        if self.is_anchored and line.position != self.position + 1:
            return f"position {self.position + 1}: the link is missing"
        if self.is_anchored and line.previous != self.hash:
            return f"position {line.position}: it does not follow the entry before"
        if not line.is_sound:
            return f"position {line.position}: the entry is not the one that was sealed"
        return None


def check_file(texts: Any) -> Checker:
    """Check exported lines, from whichever position the first one has."""
    checker = Checker(is_anchored=False)
    for number, text in enumerate(texts, start=1):
        try:
            line = parse(text)
        except ValueError as error:
            checker.wrong = f"line {number}: {error}"
            return checker
        if not checker.read(line):
            return checker
    return checker


def fields_of(entry: Mapping[str, Any]) -> list[str | None]:
    """The fields of an entry's row, whose details are the text that PostgreSQL printed."""
    return [_written(entry[name]) for name in FIELDS]


def _written(value: Any) -> str | None:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, UUID | int):
        return str(value)
    return None if value is None else str(value)
