"""Where the rows of a text end, and whether its quotes stand where RFC 4180 puts them.

Quotes toggle: behind an odd number of them a text is inside a cell, and a quote within a cell,
which is written twice, toggles back at once. All of that is counted for a whole buffer at a time.
"""

from typing import Any, NamedTuple

import numpy as np

NEWLINE, RETURN = ord("\n"), ord("\r")


class Rows(NamedTuple):
    """How a buffer falls into rows.

    `end` is where the last whole row ends, 0 when none does. `strict` is false when a quote, or a
    carriage return, stands where none may.
    """

    end: int
    strict: bool


def rows(buffer: bytes, delimiter: str, quote: str, *, last: bool) -> Rows:
    """Look at a buffer that begins with a row; `last` when nothing comes after it."""
    stray = buffer.count(b"\r") != buffer.count(b"\r\n") + (not last and buffer.endswith(b"\r"))
    if not quote or quote.encode() not in buffer:
        return Rows(len(buffer) if last else buffer.rfind(b"\n") + 1, not stray)
    octets = np.frombuffer(buffer, np.uint8)
    quotes = np.flatnonzero(octets == ord(quote))
    end = len(buffer) if last and len(quotes) % 2 == 0 else _end(octets, quotes)
    strict = _strict(octets, quotes, delimiter, last=last)
    if strict and stray:
        strict = not _returns(octets, quotes, end)
    return Rows(end, strict)


def _end(octets: Any, quotes: Any) -> int:
    newlines = np.flatnonzero(octets == NEWLINE)
    outside = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    return int(outside[-1]) + 1 if len(outside) else 0


def _strict(octets: Any, quotes: Any, delimiter: str, *, last: bool) -> bool:
    """Whether each quote opens a cell behind a delimiter, closes one before it, or is doubled."""
    opening, closing = quotes[::2], quotes[1::2]
    before = octets[np.maximum(opening - 1, 0)]
    doubled = np.isin(opening - 1, closing, assume_unique=True)
    fine = (opening == 0) | (before == ord(delimiter)) | (before == NEWLINE) | doubled
    if not fine.all():
        return False
    if len(closing) and not last and closing[-1] == len(octets) - 1:
        closing = closing[:-1]  # what follows has not been read yet
    after = octets[np.minimum(closing + 1, len(octets) - 1)]
    ends = (after == ord(delimiter)) | (after == NEWLINE) | (after == RETURN)
    fine = ends | (closing == len(octets) - 1) | np.isin(closing + 1, opening, assume_unique=True)
    return bool(fine.all())


def _returns(octets: Any, quotes: Any, end: int) -> bool:
    """Whether a carriage return stands alone outside of every quoted cell."""
    returns = np.flatnonzero(octets[:end] == RETURN)
    outside = returns[np.searchsorted(quotes, returns) % 2 == 0]
    following = octets[np.minimum(outside + 1, len(octets) - 1)]
    return bool((following != NEWLINE).any())


def starts(buffer: bytes, quote: str) -> Any:
    """On which line, from 0, each row of a strictly quoted buffer begins; blank lines are none."""
    octets = np.frombuffer(buffer, np.uint8)
    newlines = np.flatnonzero(octets == NEWLINE)
    if quote and quote.encode() in buffer:
        quotes = np.flatnonzero(octets == ord(quote))
        ends = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    else:
        ends = newlines
    begins = np.concatenate(([0], ends + 1))
    if begins[-1] == len(buffer):
        begins = begins[:-1]
    following = octets[np.minimum(begins + 1, len(octets) - 1)]
    blank = (octets[begins] == NEWLINE) | ((octets[begins] == RETURN) & (following == NEWLINE))
    return np.searchsorted(newlines, begins[~blank])
