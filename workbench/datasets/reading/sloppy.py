"""Row by row through a text whose quotes stand where none may: slow, and exact about each row."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from workbench.datasets.reading.dialects import Dialect

UNCLOSED = "unexpected end of data"
REASONS = (
    ("expected after", "has a quote within a quoted cell; write it twice"),
    ("new-line character", "has a carriage return outside of quotes"),
    ("field larger", f"has a cell of more than {csv.field_size_limit():,} characters"),
)


class Row(NamedTuple):
    """One row: its cells, none of a blank line, and why it cannot be read, if so.

    It lies between two places of the text, and begins on one of its lines, counted from 0.
    """

    cells: tuple[str, ...]
    begin: int
    end: int
    line: int
    reason: str | None = None


def rows(text: str, dialect: Dialect) -> Iterator[Row]:
    """Each row of a text that begins with one; the last is left out when its quote is open."""
    source = io.StringIO(text, newline="\n")
    reader = dialect.reader(source, strict=True)
    while True:
        begin, line = source.tell(), reader.line_num
        try:
            cells = tuple(next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            if UNCLOSED in str(error):
                return
            end = source.tell()
            yield Row(_roughly(text[begin:end], dialect), begin, end, line, _reason(str(error)))
        else:
            yield Row(cells, begin, source.tell(), line)


def _reason(error: str) -> str:
    return next((reason for part, reason in REASONS if part in error), "is not CSV")


def _roughly(text: str, dialect: Dialect) -> tuple[str, ...]:
    """The cells that a row may be meant to have."""
    text = text.rstrip("\r\n")
    try:
        return tuple(next(dialect.reader([text], strict=False)))
    except (csv.Error, StopIteration):
        return (text,)


def split(line: str, dialect: Dialect) -> tuple[str, ...]:
    """The cells of one row that can be read, in the fewest steps."""
    return next((row.cells for row in rows(line, dialect)), (line,))
