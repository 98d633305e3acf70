"""From rows of texts to typed blocks, and which rows are refused for which cell."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.datasets.column_types import MAX_TEXT, TYPES
from workbench.datasets.reading.blocks import MAX_VALUE, Block, Refused, Wanted
from workbench.datasets.reading.casting import ARROW, cast, unfit_texts
from workbench.datasets.reading.native import as_texts, kept
from workbench.datasets.reading.notation import Notation
from workbench.datasets.reading.raw import SHOWN_NUL, RawFile, RawRows, shown


class Match(NamedTuple):
    """A column of the file, by its place in the header, and the dataset's that it fills."""

    place: int
    wanted: Wanted


class TypedFile:
    """A file that gives its rows as typed blocks: the `Source` that callers hold."""

    def __init__(self, file: RawFile, matches: Sequence[Match], notation: Notation) -> None:
        """Of a file that is open, for the columns that it fills."""
        self._file, self._matches, self._notation = file, matches, notation
        self._schema = pa.schema(
            [(match.wanted.name, ARROW[match.wanted.type]) for match in matches]
        )
        self.header = file.header
        self.matched = tuple(match.wanted for match in matches)
        self.bytes_total = file.progress()[1]

    def blocks(self) -> Iterator[Block]:
        """The file block by block; raise Malformed where it cannot go on."""
        for rows in self._file.rows():
            yield self._block(rows)

    def close(self) -> None:
        """Let go of what was opened."""
        self._file.close()

    def _block(self, rows: RawRows) -> Block:
        lines = pa.array(rows.lines, pa.int64())
        casts = [self._cast(rows, match) for match in self._matches]
        batch = pa.RecordBatch.from_arrays([values for values, _ in casts], schema=self._schema)
        refused = rows.refused
        blame = _blame([bad for _, bad in casts], len(lines))
        if blame is not None:
            refused = [*refused, *self._refused(rows, blame)]
            refused.sort(key=lambda row: row.line)
            good = pa.array(blame < 0)
            batch, lines = batch.filter(good), lines.filter(good)
        return Block(lines, batch, refused, self._file.progress()[0])

    def _cast(self, rows: RawRows, match: Match) -> tuple[Any, Any]:
        if not rows.columns:
            return pa.array([], ARROW[match.wanted.type]), None
        cells = rows.columns[match.place]
        if not pa.types.is_string(cells.type):
            values = kept(cells, match.wanted.type)
            if values is not None:
                return values, None
            cells = as_texts(cells)
        if match.wanted.type == "text":
            return cells, unfit_texts(cells) if rows.has_nul or _is_long(cells) else None
        return cast(cells, match.wanted.type, self._notation)

    def _refused(self, rows: RawRows, blame: Any) -> Iterator[Refused]:
        places = np.flatnonzero(blame >= 0)
        for place, cells in zip(places, rows.cells(places), strict=True):
            match = self._matches[blame[place]]
            value = cells[match.place] or ""
            yield Refused(
                line=int(rows.lines[place]),
                reason=_reason(match.wanted.type, value),
                column=match.wanted.name,
                value=value[:MAX_VALUE].replace("\0", SHOWN_NUL),
                cells=shown(cells),
            )


def _is_long(cells: Any) -> bool:
    return (pc.max(pc.binary_length(cells)).as_py() or 0) > MAX_TEXT


def _blame(bad: Sequence[Any], rows: int) -> Any:
    """For each row which column, by its place, is the first that does not fit; -1 when all do."""
    if all(column is None for column in bad):
        return None
    blame = np.full(rows, -1, np.int64)
    for place, column in reversed(list(enumerate(bad))):
        if column is not None:
            blame[pc.fill_null(column, fill_value=False).to_numpy(zero_copy_only=False)] = place
    return blame if (blame >= 0).any() else None


def _reason(type_name: str, value: str) -> str:
    if type_name != "text":
        return f"must be {TYPES[type_name].expected}"
    if "\0" in value:
        return "holds the character NUL"
    return f"is longer than {MAX_TEXT:,} characters"
