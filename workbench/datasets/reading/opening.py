"""Plain CSV, for as long as nothing better reads files."""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa

from workbench.datasets.column_types import TYPES
from workbench.datasets.errors import Malformed
from workbench.datasets.reading.blocks import Block, Refused, Wanted
from workbench.datasets.schemas import Reading

ARROW = {
    "text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
    "date": pa.date32(), "timestamp": pa.timestamp("us", tz="UTC"),
}


class Plain:
    def __init__(self, file: BinaryIO, reading: Reading, wanted: Sequence[Wanted]) -> None:
        self.bytes_total = file.seek(0, os.SEEK_END)
        file.seek(0)
        self._null = reading.null_text
        self._file = file
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            line = self._text.readline()
        except UnicodeDecodeError:
            raise Malformed("The file is not UTF-8.") from None
        if not line.strip():
            raise Malformed("The file is empty.")
        by = {w.name: w for w in wanted}
        d = max(",;\t", key=lambda d: (len({n.strip().lower() for n in line.split(d)} & set(by)), line.count(d)))
        self.header = tuple(n.strip().lower() for n in next(csv.reader([line], delimiter=d)))
        for name in self.header:
            if name not in by:
                raise Malformed(f"The dataset has no column {name}.")
        self.matched = tuple(by[n] for n in self.header)
        self._reader = csv.reader(self._text, strict=True, delimiter=d)

    def blocks(self) -> Iterator[Block]:
        lines: list[int] = []
        rows: list[list[Any]] = []
        refused: list[Refused] = []
        line = 2
        try:
            for cells in self._reader:
                at, line = line, self._reader.line_num + 2
                if not cells:
                    continue
                if len(cells) != len(self.header):
                    refused.append(Refused(at, f"has {len(cells)} cells, the header has {len(self.header)}", cells=tuple(cells)))
                    continue
                row, bad = [], None
                for w, cell in zip(self.matched, cells, strict=True):
                    if "\0" in cell:
                        raise Malformed(f"The file holds the character NUL (near line {at}).")
                    if cell == self._null or (cell == "" and w.type != "text"):
                        row.append(None)
                        continue
                    try:
                        row.append(TYPES[w.type].adapter.validate_python(cell))
                    except ValueError:
                        bad = Refused(at, f"must be {TYPES[w.type].expected}", w.name, cell[:200], tuple(cells))
                        break
                if bad:
                    refused.append(bad)
                else:
                    lines.append(at)
                    rows.append(row)
                if len(rows) + len(refused) >= 50_000:
                    yield self._block(lines, rows, refused)
                    lines, rows, refused = [], [], []
        except csv.Error as error:
            raise Malformed(f"Line {line} is not CSV: {error}.") from None
        except UnicodeDecodeError:
            raise Malformed(f"The file is not UTF-8 (near line {line}).") from None
        if rows or refused:
            yield self._block(lines, rows, refused)

    def _block(self, lines, rows, refused):
        columns = list(zip(*rows)) or [()] * len(self.matched)
        batch = pa.RecordBatch.from_arrays(
            [pa.array(c, ARROW[w.type]) for c, w in zip(columns, self.matched, strict=True)],
            names=[w.name for w in self.matched],
        )
        return Block(pa.array(lines, pa.int64()), batch, refused, self._file.tell())

    def close(self) -> None:
        self._text.detach()


def open_source(file, file_name, reading, wanted, *, most_bytes):
    return Plain(file, reading, wanted)
