"""Reading a CSV (RFC 4180) in blocks that PostgreSQL's COPY takes as they are.

The file is UTF-8 with or without a byte order mark; commas, semicolons or tabs part its cells; its
first line names columns. Rows that are wider or narrower than the header are set aside.
"""

import csv
import io
from collections.abc import Callable, Collection, Iterator
from typing import BinaryIO, TextIO, TypeVar

from workbench.datasets.errors import Malformed

DELIMITERS = (",", ";", "\t")
BLOCK_ROWS = 10_000
BLOCK_CHARACTERS = 8 * 1024 * 1024
MAX_LINE = 4 * 1024 * 1024
MAX_NAMED = 10  # how many wrong columns an error lists
SPECIAL = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})

T = TypeVar("T")
SetAside = Callable[[int, str], None]


def decoded(file: BinaryIO) -> TextIO:
    """The file as text; closing it closes the file."""
    return io.TextIOWrapper(file, encoding="utf-8-sig", newline="")


class CsvFile:
    """A CSV on its way into a staging table.

    `header` names the columns in the file's order, `ragged` counts the rows that are not as wide;
    `set_aside` is told the line and the reason of each.
    """

    def __init__(self, text: TextIO, known: Collection[str], set_aside: SetAside) -> None:
        """Read the header; raise Malformed unless it names known columns, each once."""
        self._text = text
        self._set_aside = set_aside
        self._line = 1
        self._characters = 0
        self.ragged = 0
        self.header, delimiter = self._guarded(lambda: _header(self._read_line(), known))
        self._reader = csv.reader(iter(self._read_line, ""), strict=True, delimiter=delimiter)
        self._line = 2

    def block(self) -> bytes:
        """The next rows in COPY's text format, each after its line; empty at the end."""
        return self._guarded(self._block)

    def _block(self) -> bytes:
        width, reader = len(self.header), self._reader
        lines: list[int] = []
        rows: list[list[str]] = []
        self._characters = 0
        for row in reader:
            if len(row) == width:
                lines.append(self._line)
                rows.append(row)
            elif row:
                self.ragged += 1
                self._set_aside(self._line, f"has {len(row)} cells, the header has {width}")
            self._line = reader.line_num + 2  # the header is the line that this reader did not see
            if rows and (len(rows) == BLOCK_ROWS or self._characters > BLOCK_CHARACTERS):
                break
        return _copy_text(lines, rows, width).encode()

    def _guarded(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except UnicodeDecodeError:
            raise Malformed(f"The file is not UTF-8 (near line {self._line}).") from None
        except csv.Error as error:
            raise Malformed(f"Line {self._line} is not CSV: {error}.") from None

    def _read_line(self) -> str:
        line = self._text.readline(MAX_LINE)
        if len(line) == MAX_LINE:
            raise Malformed(f"Line {self._line} is longer than {MAX_LINE:,} characters.")
        if "\0" in line:
            raise Malformed(f"The file holds the character NUL (near line {self._line}).")
        self._characters += len(line)
        return line


def _header(line: str, known: Collection[str]) -> tuple[list[str], str]:
    """The columns that the first line names, and the delimiter that parts most known ones."""
    if not line.strip():
        raise Malformed("The file is empty." if not line else "The first line names no columns.")
    readings = [(_names(line, delimiter), delimiter) for delimiter in DELIMITERS]
    names, delimiter = max(
        readings, key=lambda reading: (len(set(reading[0]) & set(known)), len(reading[0]))
    )
    unknown = [name or "(no name)" for name in names if name not in known]
    if unknown:
        raise Malformed(f"The dataset has no column {_listed(unknown)}.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Malformed(f"The header names {_listed(twice)} twice.")
    return names, delimiter


def _names(line: str, delimiter: str) -> list[str]:
    row = next(csv.reader([line], strict=True, delimiter=delimiter))
    return [name.strip().lower() for name in row]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(name[:63] for name in names[:MAX_NAMED]) + more


def _copy_text(lines: list[int], rows: list[list[str]], width: int) -> str:
    text = "".join(_plain(lines, rows))
    # Nearly every block holds nothing that COPY would misread; counting is cheaper than escaping.
    if (
        "\\" in text
        or "\r" in text
        or text.count("\n") != len(rows)
        or text.count("\t") != len(rows) * width
    ):
        escaped = [[cell.translate(SPECIAL) for cell in row] for row in rows]
        return "".join(_plain(lines, escaped))
    return text


def _plain(lines: list[int], rows: list[list[str]]) -> Iterator[str]:
    join = "\t".join
    return (f"{line}\t{join(row)}\n" for line, row in zip(lines, rows, strict=True))
