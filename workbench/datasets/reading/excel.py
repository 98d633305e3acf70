"""Workbooks of Excel (.xlsx): one sheet, its first row that holds anything being the header."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, time
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from python_calamine import CalamineError, CalamineWorkbook

from workbench.datasets.errors import Malformed
from workbench.datasets.reading import sheets
from workbench.datasets.reading.archives import Archive
from workbench.datasets.reading.matching import listed
from workbench.datasets.reading.packing import Packed
from workbench.datasets.reading.raw import BLOCK_ROWS, Cells, RawRows, shown
from workbench.datasets.reading.signatures import refuse_other_archive

PARTS = (
    *("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"),
    *("xl/styles.xml", "xl/theme/theme1.xml"),
)
STRINGS = "xl/sharedStrings.xml"
BLOCK_CELLS = 250_000
EXACT = 2**53


class Checked(NamedTuple):
    """A workbook that may be read: the chosen sheet, all others, and a file of what it needs."""

    sheet: str
    others: tuple[str, ...]
    file: Any
    errors: int


class ExcelFile:
    """A sheet on its way into blocks; a row's line is its number in the sheet."""

    def __init__(
        self, workbook: Checked, packed: Packed, null_text: str | None, *, has_header: bool
    ) -> None:
        """Read the header; raise Malformed when there is none."""
        self._packed, self._null_text = packed, null_text
        self.sheet, self.others, self._file, self.errors = workbook
        self._done = 0
        with ExitStack() as stack:
            stack.push(closing(self._file))
            with _understood():
                self._workbook = CalamineWorkbook.from_path(self._file.name)
                self._sheet = self._workbook.get_sheet_by_name(self.sheet)
            self.height = self._sheet.total_height + 1  # it leaves one out
            self.header = self._first(has_header=has_header)
            stack.pop_all()

    def _first(self, *, has_header: bool) -> tuple[str, ...]:
        self._rows = self._numbered()
        first = next(self._rows, None)
        if first is None:
            raise Malformed(f"The sheet {self.sheet} is empty.")
        if has_header:
            return tuple(cell or "" for cell in shown(first[1]))
        self._rows = self._numbered()
        return tuple(f"column_{n}" for n in range(1, len(first[1]) + 1))

    def rows(self) -> Iterator[RawRows]:
        """The rows below the header, block by block."""
        most = max(1, min(BLOCK_ROWS, BLOCK_CELLS // len(self.header)))
        while block := list(islice(self._rows, most)):
            lines = np.array([line for line, _ in block], np.int64)
            self._done = int(lines[-1])
            cells = [cells for _, cells in block]
            yield RawRows.of(lines, cells, len(self.header), self._null_text, [])

    def progress(self) -> tuple[int, int]:
        """How many of the file's bytes have been read, of how many, by the share of rows."""
        total = self._packed.bytes_total
        return total * min(self._done, self.height) // max(self.height, 1), total

    def close(self) -> None:
        """Let go of the sheet."""
        self._workbook.close()
        self._file.close()

    def _numbered(self) -> Iterator[tuple[int, Cells]]:
        """Each row that holds anything, with its number."""
        with _understood():
            for number, row in enumerate(self._sheet.iter_rows(), start=1):
                cells = tuple(_text(value) for value in row)
                if any(cell is not None for cell in cells):
                    yield number, cells


def checked(file: BinaryIO, sheet: str | None, most_bytes: int) -> Checked:
    """What is needed of a workbook to read a sheet, the first unless another is named.

    Raise Malformed when it is none, is damaged, or would need too much.
    """
    archive = Archive(file, most_bytes)
    refuse_other_archive(archive.names)
    there = sheets.paths(archive)
    if not there:
        raise Malformed("The workbook has no sheets.")
    name = next(iter(there)) if sheet is None else sheet
    if name not in there:
        raise Malformed(f"There is no sheet {name[:60]}; there is {listed(list(there))}.")
    strings = sheets.Strings()
    measured = sheets.Sheet(strings)
    parts = dict.fromkeys(PARTS) | {STRINGS: strings.look, there[name]: measured.look}
    anew = archive.packed_anew(parts)
    others = tuple(other for other in there if other != name)
    return Checked(name, others, anew, measured.errors)


@contextmanager
def _understood() -> Iterator[None]:
    """Turn what the library cannot read into Malformed; its panics are no ordinary exceptions."""
    try:
        yield
    except CalamineError as error:
        raise Malformed(
            f"The workbook cannot be read: {str(error)[:200]}. Save it again."
        ) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise Malformed("The workbook is damaged; save it again.") from None


def _text(value: Any) -> str | None:
    """A cell as text, None when it is empty."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < EXACT else repr(value)
    if isinstance(value, datetime):
        return str(value.date()) if value.time() == time() else value.isoformat(" ")
    return str(value)
