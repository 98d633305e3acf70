"""Keyset pages: a cursor names the last row seen, so that page 1,000 costs what page 1 costs."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from workbench.errors import Detail, Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000
WRITER = json.JSONEncoder(default=str, separators=(",", ":"))

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor of the next page or None when this is the last."""

    items: Sequence[T]
    next_cursor: str | None

    def map(self, shape: Callable[[T], U]) -> "Page[U]":
        """The same page with every row in another shape."""
        return Page([shape(item) for item in self.items], self.next_cursor)


def cut(rows: Sequence[T], limit: int, key: Callable[[T], Sequence[Any]]) -> Page[T]:
    """Make a page of `limit + 1` fetched rows: the last one only tells of a next page."""
    items = rows[:limit]
    return Page(items, encode(key(items[-1])) if len(rows) > limit else None)


def encode(values: Sequence[Any]) -> str:
    """Write the sort values of a row as an opaque cursor."""
    return base64.urlsafe_b64encode(WRITER.encode(list(values)).encode()).decode().rstrip("=")


def decode(cursor: str, length: int) -> list[Any]:
    """Read a cursor of `length` values; raise Invalid when it is not one of ours."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or len(values) != length:
        raise Invalid(
            "The cursor is not valid; take it from `next_cursor`.",
            details=[Detail("cursor", "not a cursor of this list")],
        )
    return values
