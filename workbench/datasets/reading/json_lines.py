"""JSON Lines: one object a line; what is nested stays JSON, as text."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from workbench.datasets.errors import Malformed
from workbench.datasets.reading.blocks import MAX_VALUE, Refused
from workbench.datasets.reading.encodings import UTF_8, Utf8, wrong_encoding
from workbench.datasets.reading.packing import Packed
from workbench.datasets.reading.raw import BLOCK_ROWS, MAX_ROW, Cells, RawRows, shown

BUFFER = 1024 * 1024
MAX_DEPTH = 32
HALF = "\\u"  # only what is escaped can be half of a character

Fields = dict[str, Any]


class JsonLinesFile:
    """JSON Lines on their way into blocks.

    The header are the keys of the first block of lines, in order of appearance, and `expected`,
    which may appear later; a row with any other key is refused.
    """

    def __init__(
        self, packed: Packed, text: Utf8, expected: Sequence[str], null_text: str | None
    ) -> None:
        """Read the first block; raise Malformed when there is none."""
        self._packed, self._text, self._null_text = packed, text, null_text
        self._buffer = b""
        self._line = 1
        self._ended = False
        self._first = self._next()
        if self._first is None:
            raise Malformed("The file is empty.")
        keys = dict.fromkeys(key for line in self._first for key in _keys(line))
        folded = {key.strip().lower() for key in keys}
        keys |= dict.fromkeys(name for name in expected if name.strip().lower() not in folded)
        if not keys:
            raise Malformed("No line of the file is a JSON object with fields.")
        self._keys = tuple(keys)
        self.header = tuple(key or "" for key in shown(self._keys))

    def progress(self) -> tuple[int, int]:
        """How many of the file's bytes have been read, of how many."""
        return self._packed.consumed(len(self._buffer)), self._packed.bytes_total

    def close(self) -> None:
        """Nothing was opened."""

    def rows(self) -> Iterator[RawRows]:
        """The objects, block by block."""
        block = self._first
        self._first = None
        while block is not None:
            for start in range(0, len(block), BLOCK_ROWS):
                yield self._parsed(block[start : start + BLOCK_ROWS])
            block = self._next()

    def _next(self) -> list[str] | None:
        """The next whole lines, None at the end."""
        while not self._ended:
            block = self._text.read(BUFFER)
            self._ended = not block
            self._buffer += block
            end = len(self._buffer) if self._ended else self._buffer.rfind(b"\n") + 1
            if end:
                whole, self._buffer = self._buffer[:end], self._buffer[end:]
                return self._lines(whole)
            if len(self._buffer) > MAX_ROW:
                raise Malformed(f"A line is longer than {MAX_ROW:,} bytes.")
        return None

    def _lines(self, whole: bytes) -> list[str]:
        try:
            text = whole.decode()
        except UnicodeDecodeError as error:
            raise wrong_encoding(UTF_8, self._line + whole.count(b"\n", 0, error.start)) from None
        lines = text.split("\n")
        return lines[:-1] if not lines[-1] else lines

    def _parsed(self, lines: Sequence[str]) -> RawRows:
        places = {key: place for place, key in enumerate(self._keys)}
        rows: list[Cells] = []
        numbers: list[int] = []
        refused: list[Refused] = []
        for number, line in enumerate(lines, start=self._line):
            if not line.strip():
                continue
            try:
                rows.append(_cells(_fields(line), places, escaped=HALF in line))
                numbers.append(number)
            except _Unfit as unfit:
                refused.append(unfit.refused(number, line, places))
        self._line += len(lines)
        found = np.array(numbers, np.int64)
        return RawRows.of(found, rows, len(places), self._null_text, refused)


class _Unfit(Exception):
    """A line that is no row, and why."""

    def __init__(self, reason: str, fields: Fields | None = None, key: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.fields, self.key = reason, fields, key

    def refused(self, number: int, line: str, places: dict[str, int]) -> Refused:
        if self.fields is None or self.key is None:
            return Refused(number, self.reason, cells=shown((_storable(line),)))
        cells: list[str | None] = [None] * len(places)
        for key, place in places.items():
            cells[place] = _storable(_text(self.fields.get(key)))
        value = _storable(_text(self.fields[self.key]))
        return Refused(number, self.reason, None, value and value[:MAX_VALUE], shown(tuple(cells)))


def _fields(line: str) -> Fields:
    try:
        fields = PLAIN.decode(line)
        # As many ends of keys as there are keys: none is there twice, and nothing is nested.
        if not isinstance(fields, dict) or line.count('":') != len(fields):
            fields = CAREFUL.decode(line)
    except RecursionError:
        raise _Unfit(f"is nested deeper than {MAX_DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise _Unfit(f"is not JSON: {error.msg} at character {error.pos + 1}") from None
    except ValueError as error:
        raise _Unfit(f"is not JSON: {str(error)[:MAX_VALUE]}") from None
    if not isinstance(fields, dict):
        raise _Unfit("is no JSON object")
    return fields


def _once(pairs: list[tuple[str, Any]]) -> Fields:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"it names {twice[:63]} twice")
    return fields


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


PLAIN = json.JSONDecoder(parse_constant=_no_constant)
CAREFUL = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_once)


def _cells(fields: Fields, places: dict[str, int], *, escaped: bool) -> Cells:
    cells: list[str | None] = [None] * len(places)
    for key, value in fields.items():
        place = places.get(key)
        if place is None:
            name = _storable(key) or "(no name)"
            raise _Unfit(f"has the field {name[:63]}, which the first lines lack", fields, key)
        cells[place] = value if type(value) is str else _text(value)
    if escaped and not all(_is_unicode(cell) for cell in cells if cell):
        raise _Unfit("holds half of a character")
    return tuple(cells)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, dict | list):
        if _depth(value) > MAX_DEPTH:
            raise _Unfit(f"is nested deeper than {MAX_DEPTH} levels")
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _depth(value: Any) -> int:
    """How many levels a value has, counted without recursion."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        inner = [item for item in level if isinstance(item, dict | list)]
        level = [v for item in inner for v in (item.values() if isinstance(item, dict) else item)]
        depth += bool(inner)
    return depth


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _storable(text: str | None) -> str | None:
    return text and text.encode(errors="replace").decode()


def _keys(line: str) -> Fields:
    try:
        return _fields(line)
    except _Unfit:
        return {}
