"""The rows that an import refuses, as a file that people correct and send again.

Three columns stand before the file's own: `line`, `column` and `reason`. When the file comes back
they are left out again. A cell that a spreadsheet would take for a formula begins with an
apostrophe, which is taken away on the way back; a number may begin with its sign.
"""

import csv
import io
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from workbench import formulas
from workbench.datasets.errors import Malformed
from workbench.datasets.reading import Refused
from workbench.datasets.schemas import Reading

LEAD = ("line", "column", "reason")
DELIMITERS = (",", ";", "\t")
MAX_LISTED = 10_000
MAX_LINE = 16 * 1024 * 1024
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?")

csv.field_size_limit(MAX_LINE)  # a text may be longer than Python's own limit for a cell


@dataclass(slots=True)
class Rejects:
    """What one attempt refuses: every row in a file, which the first begins, and some in detail."""

    begin: Callable[[], BinaryIO]
    header: Sequence[str] = ()
    null_text: str = ""
    count: int = 0
    listed: list[Refused] = field(default_factory=list)
    _file: io.TextIOWrapper | None = None

    def add(self, refused: Iterable[Refused]) -> None:
        """Set rows aside."""
        rows = list(refused)
        if not rows:
            return
        if self._file is None:
            self._file = io.TextIOWrapper(self.begin(), encoding="utf-8", newline="")
            self._write([[*LEAD, *self.header]])
        self._write(
            [row.line, row.column, row.reason, *(self._cell(cell) for cell in row.cells)]
            for row in rows
        )
        # Without its cells, which the file has: a row may be long.
        self.listed += [replace(row, cells=()) for row in rows[: MAX_LISTED - len(self.listed)]]
        self.count += len(rows)

    def close(self) -> None:
        """End the file, if one was begun."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _cell(self, cell: str | None) -> str:
        return self.null_text if cell is None else cell

    def _write(self, rows: Iterable[Sequence[object]]) -> None:
        writer = csv.writer(self._file)  # type: ignore[arg-type] # it is begun
        writer.writerows([_defused(cell) for cell in row] for row in rows)


def _defused(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula, and that `_given` can tell from any other."""
    if not isinstance(cell, str) or NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}" if cell.lstrip("'").startswith(formulas.BEGINNINGS) else cell


def _given(cell: str) -> str:
    is_defused = cell.startswith("'") and cell.lstrip("'").startswith(formulas.BEGINNINGS)
    return cell[1:] if is_defused else cell


def sent_again(
    file: BinaryIO, reading: Reading, known: Collection[str] = ()
) -> tuple[BinaryIO, Reading] | None:
    """The file as it was first, if these are rejects that somebody corrected, and how it is read.

    Lines stay where they are. None when it is any other file, such as one of a dataset that has
    all three columns itself (`known` are its names). Raise Malformed when it cannot be read.
    """
    delimiter = _delimiter(file.readline(MAX_LINE), known)
    file.seek(0)
    if delimiter is None:
        return None
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    kept = tempfile.TemporaryFile("w+b")  # noqa: SIM115 (the caller's)
    try:
        writing = io.TextIOWrapper(kept, encoding="utf-8", newline="")
        writer = csv.writer(writing)
        for row in csv.reader(text, strict=True, delimiter=delimiter):
            writer.writerow([_given(cell) for cell in row[len(LEAD) :]])
        writing.detach()
    except (UnicodeDecodeError, csv.Error) as error:
        kept.close()
        raise Malformed(f"These rejects are no CSV in UTF-8 any more: {error}.") from error
    finally:
        text.detach()
    kept.seek(0)
    ours = {"format": "csv", "encoding": "utf-8", "delimiter": ",", "quote": '"'}
    return kept, reading.model_copy(update={**ours, "has_header": True, "sheet": None})


def _delimiter(line: bytes, known: Collection[str]) -> str | None:
    """What parts the cells of a header that rejects have; None when this is none."""
    try:
        header = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    for delimiter in DELIMITERS:
        names = [name.strip().strip('"').lower() for name in header.split(delimiter)]
        own = set(names[len(LEAD) :])
        if tuple(names[: len(LEAD)]) == LEAD and own:
            return None if set(LEAD) <= set(known) and not set(LEAD) <= own else delimiter
    return None
