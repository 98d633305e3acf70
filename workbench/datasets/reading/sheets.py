"""How much a sheet will need, before a library makes it: its cells lie dense in memory."""

import re
from array import array
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from workbench.datasets.errors import Malformed
from workbench.datasets.reading.archives import Archive

MOST_CELLS = 5_000_000
MOST_ROWS = 1_048_576  # of Excel's own
MOST_CHARACTERS = 128 * 1024 * 1024
CELL = re.compile(rb"<(?:\w+:)?c\b[^<>]*?\br\s*=\s*[\"']\s*([A-Za-z]{1,7})(\d{1,10})")
CELLS = re.compile(rb"<(?:\w+:)?c[\s/>]")
SHARED = re.compile(rb"<(?:\w+:)?c\b[^<>]*?\bt\s*=\s*[\"']s[\"'][^<>]*>\s*<(?:\w+:)?v>(\d{1,9})<")
# A bracket within an attribute would hide from us what the library sees.
TAGS = re.compile(rb"<(?:\w+:)?(?:c|row)[\s/>]")
PLAIN_TAGS = re.compile(
    rb"<(?:\w+:)?(?:c|row)(?:[\s/][^<>\"']*(?:\"[^\"<>]*\"[^<>\"']*|'[^'<>]*'[^<>\"']*)*)?>"
)
ERRORS = re.compile(rb"<(?:\w+:)?c\b[^<>]*?\bt\s*=\s*[\"']e[\"']")
ROW_END = re.compile(rb"</(?:\w+:)?row\s*>")
ROW = re.compile(rb"<(?:\w+:)?row\b[^<>]*?\br\s*=\s*[\"']\s*(\d{1,10})")
STRING_END = re.compile(rb"</(?:\w+:)?si\s*>|<(?:\w+:)?si\s*/>")
LONGEST = 8 * 1024 * 1024  # of one row or one string in XML


class Pieces:
    """Blocks of XML, cut anew behind the last end of a row or a string."""

    def __init__(self, end: re.Pattern[bytes]) -> None:
        """Cut behind what matches `end`."""
        self._end = end
        self._rest = b""

    def take(self, block: bytes) -> bytes:
        """All that is whole by now; with an empty block, which is the end, what is left.

        Raise Malformed when a piece does not end.
        """
        if not block:
            rest, self._rest = self._rest, b""
            return rest
        block = self._rest + block
        cut = max((end.end() for end in self._end.finditer(block)), default=0)
        self._rest = block[cut:]
        if len(self._rest) > LONGEST:
            raise Malformed("A row of the sheet is too long; save it as CSV.")
        return block[:cut]


class Strings:
    """The texts that cells share, by their length only."""

    def __init__(self) -> None:
        """Before any block has been seen."""
        self._pieces = Pieces(STRING_END)
        self._lengths = array("q")
        self._counted: Any = None

    def look(self, block: bytes) -> None:
        """Measure the texts of a block."""
        piece = self._pieces.take(block)
        before = 0
        for end in STRING_END.finditer(piece):
            self._lengths.append(end.start() - before)
            before = end.end()

    def lengths(self) -> Any:
        """How long each text can be at most, in order."""
        if self._counted is None:
            self._counted = np.array(self._lengths, np.int64)
        return self._counted


class Sheet:
    """How far a sheet reaches; `errors` counts the cells that hold one."""

    def __init__(self, strings: Strings) -> None:
        """Of a workbook with these shared texts."""
        self._pieces = Pieces(ROW_END)
        self._strings = strings
        self._rows: tuple[int, int] = (MOST_ROWS, 0)
        self._columns: set[bytes] = set()
        self._widest = 0  # of the rows whose cells do not say where they stand
        self._cells = self._characters = 0
        self.errors = 0

    def look(self, block: bytes) -> None:
        """Measure a block; raise Malformed as soon as the sheet is too large."""
        piece = self._pieces.take(block)
        if len(TAGS.findall(piece)) != len(PLAIN_TAGS.findall(piece)):
            raise Malformed("The sheet has a bracket where none may be; save it again.")
        self.errors += len(ERRORS.findall(piece))
        self._reach(piece)
        self._share(piece)
        if self._characters > MOST_CHARACTERS:
            raise Malformed("The sheet repeats long texts too often; save it as CSV.")
        if max(self._cells, self._area()) > MOST_CELLS:
            raise Malformed(
                f"The sheet spans more than {MOST_CELLS:,} cells; delete what lies far off, or "
                "save it as CSV."
            )

    def _reach(self, piece: bytes) -> None:
        found, cells = CELL.findall(piece), len(CELLS.findall(piece))
        self._cells += cells
        self._columns.update(column.upper() for column, _ in found)
        rows = [*(int(row) for _, row in found), *map(int, ROW.findall(piece))]
        self._rows = min([self._rows[0], *rows]), max([self._rows[1], *rows])
        if len(found) < cells:
            counts = (len(CELLS.findall(row)) for row in ROW_END.split(piece))
            self._widest = max(self._widest, *counts)
            self._rows = 1, max(self._rows[1], self._cells)

    def _share(self, piece: bytes) -> None:
        """Add the lengths of the texts that cells share; of one that cannot be told, the most."""
        lengths = self._strings.lengths()
        if not len(lengths):
            return
        places = np.array([int(place) for place in SHARED.findall(piece)], np.int64)
        untold = piece.count(b'"s"') + piece.count(b"'s'") - len(places)
        known = int(lengths[places[places < len(lengths)]].sum())
        self._characters += known + max(untold, 0) * int(lengths.max())

    def _area(self) -> int:
        columns = [_number(column) for column in self._columns]
        width = max(columns) - min(columns) + 1 if columns else 0
        return max(self._rows[1] - self._rows[0] + 1, 0) * max(width, self._widest)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def paths(archive: Archive) -> dict[str, str]:
    """The sheets of a workbook, in order, and where each lies in the archive."""
    targets = {
        part.get("Id"): part.get("Target", "")
        for part in _elements(archive.text("xl/_rels/workbook.xml.rels"))
    }
    found = {}
    for part in _elements(archive.text("xl/workbook.xml")):
        reference = next((value for key, value in part.items() if key.endswith("}id")), None)
        if part.tag.endswith("}sheet") and reference in targets:
            found[part.get("name", "")] = _path(targets[reference])
    return found


def _path(target: str) -> str:
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _elements(xml: bytes) -> Iterator[ET.Element]:
    try:
        return ET.fromstring(xml).iter()  # noqa: S314 (what declares entities has been refused)
    except ET.ParseError:
        raise Malformed("The workbook is damaged; save it again.") from None
