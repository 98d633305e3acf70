"""CSV and its relatives: Arrow splits a buffer at a time, odd quotes are read row by row."""

import codecs
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv

from workbench.datasets.errors import Malformed
from workbench.datasets.reading import quoting, sloppy
from workbench.datasets.reading.dialects import Dialect
from workbench.datasets.reading.encodings import UTF_8, Utf8, wrong_encoding
from workbench.datasets.reading.packing import Packed
from workbench.datasets.reading.raw import BLOCK_ROWS, MAX_ROW, Cells, RawRows, ragged, shown

MARK = codecs.BOM_UTF8  # Arrow takes one off each buffer, also where it belongs to a cell
FIRST_BUFFER = 256 * 1024
LEAST_BUFFER = 64 * 1024
BUFFER = 4 * 1024 * 1024


class DelimitedFile:
    """A delimited text on its way into blocks of about 50,000 rows or 4 MB."""

    def __init__(
        self,
        packed: Packed,
        text: Utf8,
        dialect: Dialect,
        null_text: str,
        *,
        has_header: bool,
        skips_line: bool = False,
    ) -> None:
        """Read the header, below a line that only states the delimiter if there is such.

        Raise Malformed when there is none.
        """
        self._packed, self._text, self._dialect = packed, text, dialect
        self._null_text = null_text
        self._buffer = b""
        self._line = 1
        self._size = FIRST_BUFFER
        self._ended = False
        if skips_line and self._fill():
            self._line += self._taken(self._buffer.find(b"\n") + 1).count(b"\n")
        self.header = self._first(has_header=has_header)

    def progress(self) -> tuple[int, int]:
        """How many of the file's bytes have been read, of how many."""
        return self._packed.consumed(len(self._buffer)), self._packed.bytes_total

    def close(self) -> None:
        """Nothing was opened."""

    def rows(self) -> Iterator[RawRows]:
        """The rows below the header, block by block."""
        while self._fill():
            window, last = self._window()
            found = quoting.rows(window, *self._dialect, last=last)
            if not found.strict:
                yield from self._sloppily(window, last=last)
            elif found.end == 0:
                self._grow()
            else:
                yield self._split(self._taken(found.end))

    def _first(self, *, has_header: bool) -> tuple[str, ...]:
        while self._fill():
            text, whole = self._decoded(self._buffer, last=self._ended)
            row = next((row for row in sloppy.rows(text, self._dialect) if row.cells), None)
            if row is None and whole and not text.strip("\r\n"):
                self._line += self._taken(len(self._buffer)).count(b"\n")
            elif row is None:
                self._grow()
            else:
                end = row.end if has_header else row.begin
                self._line += self._taken(len(text[:end].encode())).count(b"\n")
                return _names(row, self._line) if has_header else _numbered(len(row.cells))
        raise Malformed(
            "The first line names no columns." if self._packed.unpacked else "The file is empty."
        )

    def _fill(self) -> bool:
        """Read until the buffer is as large as wanted or the file ends; whether it holds any."""
        parts, have = [self._buffer], len(self._buffer)
        while have < self._size and not self._ended:
            block = self._text.read(self._size - have)
            self._ended = not block
            parts.append(block)
            have += len(block)
        self._buffer = b"".join(parts)
        return bool(self._buffer)

    def _window(self) -> tuple[bytes, bool]:
        """As much of the buffer as makes one block, and whether the file ends with it."""
        window = self._buffer
        while window.count(b"\n") > 2 * BLOCK_ROWS:
            window = window[: len(window) // 2]
            if quoting.rows(window, *self._dialect, last=False).end == 0:
                window = self._buffer
                break
        return window, self._ended and len(window) == len(self._buffer)

    def _taken(self, size: int) -> bytes:
        buffer, self._buffer = self._buffer[:size], self._buffer[size:]
        return buffer

    def _grow(self) -> None:
        """Make room for a row longer than the buffer; raise Malformed when it may not be."""
        if self._ended:
            raise Malformed(f"The quote that opens in line {self._line} is never closed.")
        if len(self._buffer) >= MAX_ROW:
            raise Malformed(
                f"The row that begins in line {self._line} is longer than {MAX_ROW:,} bytes; "
                "perhaps a quote is never closed."
            )
        self._size = min(2 * max(len(self._buffer), LEAST_BUFFER), MAX_ROW)

    def _adapt(self, size: int, rows: int) -> None:
        """Let the next buffer hold about as many rows as a block should."""
        self._size = max(min(BUFFER, size * BLOCK_ROWS // max(rows, 1)), LEAST_BUFFER)

    def _split(self, buffer: bytes) -> RawRows:
        """The rows of a buffer whose quotes are in order."""
        odd: list[Any] = []
        columns = self._columns(buffer, [self._null_text], odd)
        rows = (len(columns[0]) if columns else 0) + len(odd)
        newlines = buffer.count(b"\n")
        if rows == newlines + (not buffer.endswith(b"\n")):
            lines = np.arange(self._line, self._line + rows)
        else:
            lines = quoting.starts(buffer, self._dialect.quote) + self._line
        if len(lines) != rows:
            raise Malformed(f"The rows cannot be told apart (near line {self._line}).")
        places = [row.number - 1 for row in odd]
        refused = [self._ragged(int(lines[row.number - 1]), row.text) for row in odd]
        self._line += newlines
        self._adapt(len(buffer), rows)

        def cells(wanted: Any) -> list[Cells]:
            again = self._columns(buffer, [], [])
            return list(zip(*(c.take(wanted).to_pylist() for c in again), strict=True))

        good = np.delete(lines, places)
        return RawRows(good, columns, cells, refused, has_nul=b"\0" in buffer)

    def _ragged(self, line: int, text: str) -> Any:
        return ragged(line, sloppy.split(text, self._dialect), len(self.header))

    def _columns(self, buffer: bytes, null_values: list[str], odd: list[Any]) -> list[Any]:
        """The cells of a buffer as columns of texts, its ragged rows apart."""
        names = [str(number) for number in range(len(self.header))]

        def set_aside(row: Any) -> str:
            odd.append(row)
            return "skip"

        try:
            table = pv.read_csv(
                pa.py_buffer(MARK + buffer if buffer.startswith(MARK) else buffer),
                pv.ReadOptions(
                    use_threads=False, block_size=len(buffer) + len(MARK) + 1, column_names=names
                ),
                self._dialect.arrow(invalid_row_handler=set_aside),
                pv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=null_values,
                    strings_can_be_null=bool(null_values),
                ),
            )
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            self._decoded(buffer, last=True)
            if "Empty CSV" in str(error):
                return []
            raise Malformed(f"The file cannot be read (near line {self._line}).") from None
        return [column.combine_chunks() for column in table.columns]

    def _decoded(self, buffer: bytes, *, last: bool) -> tuple[str, bool]:
        """The whole lines of a buffer as text, and whether they are all of it."""
        end = len(buffer) if last else buffer.rfind(b"\n") + 1
        try:
            return buffer[:end].decode(), end == len(buffer)
        except UnicodeDecodeError as error:
            line = self._line + buffer.count(b"\n", 0, error.start)
            raise wrong_encoding(UTF_8, line) from None

    def _sloppily(self, window: bytes, *, last: bool) -> Iterator[RawRows]:
        """The rows of a buffer whose quotes are not in order."""
        text, _ = self._decoded(window, last=last)
        rows = list(sloppy.rows(text, self._dialect))
        if not rows:
            self._grow()
            return
        width, line = len(self.header), self._line
        good = [row for row in rows if len(row.cells) == width and row.reason is None]
        refused = [
            ragged(line + row.line, row.cells, width, row.reason)
            for row in rows
            if row.reason or len(row.cells) not in {0, width}
        ]
        taken = self._taken(len(text[: rows[-1].end].encode()))
        self._line += taken.count(b"\n")
        self._adapt(len(taken), len(rows))
        lines = np.array([line + row.line for row in good], dtype=np.int64)
        cells = [row.cells for row in good]
        yield RawRows.of(lines, cells, width, self._null_text, refused)


def _names(row: sloppy.Row, line: int) -> tuple[str, ...]:
    if row.reason:
        raise Malformed(f"Line {line - 1} names the columns, but {row.reason}.")
    return tuple(name or "" for name in shown(row.cells))


def _numbered(width: int) -> tuple[str, ...]:
    return tuple(f"column_{number}" for number in range(1, width + 1))
