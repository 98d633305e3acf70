"""What is proposed for a file before any of it is loaded."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa

from workbench.datasets.column_types import TYPES
from workbench.datasets.errors import Malformed
from workbench.datasets.reading import naming
from workbench.datasets.reading.formats import raw_file
from workbench.datasets.reading.guessing import Guess, guess, unfitting, unmarked
from workbench.datasets.reading.matching import listed, sources
from workbench.datasets.reading.native import as_texts
from workbench.datasets.reading.raw import RawFile, RawRows, shown
from workbench.datasets.reading.warnings import warnings_of
from workbench.datasets.schemas.reading import ColumnReading, Proposal, ProposedColumn, Reading

BLOCKS = 2
PREVIEW = 20
EXAMPLES = 3
MAX_SHOWN = 200


def proposed(file: BinaryIO, file_name: str, reading: Reading, *, most_bytes: int) -> Proposal:
    """Sniff a file from its beginning: how to read it, its columns, and its first rows.

    What `reading` has decided stays. `most_bytes` bounds what a packed file may unpack to; raise
    Malformed when the file cannot be read at all.
    """
    raw, decided = raw_file(file, file_name, reading, most_bytes=most_bytes)
    try:
        return _proposal(raw, decided, Sample(raw))
    finally:
        raw.close()


class Sample:
    """The first rows of a file."""

    def __init__(self, raw: RawFile) -> None:
        """Read them."""
        blocks = raw.rows()
        self.blocks = list(islice(blocks, BLOCKS))
        self.is_all = len(self.blocks) < BLOCKS
        self.refused = [refused for block in self.blocks for refused in block.refused]
        self.rows = sum(len(block.lines) for block in self.blocks)

    def columns(self, width: int) -> list[Any]:
        """Each column of it, in one piece."""
        filled = [block.columns for block in self.blocks if block.columns]
        if not filled:
            return [pa.array([], pa.string())] * width
        return [pa.concat_arrays(parts) for parts in zip(*filled, strict=True)]

    def preview(self) -> list[list[str | None]]:
        """Its first rows, as read."""
        first: RawRows | None = next((block for block in self.blocks if len(block.lines)), None)
        if first is None:
            return []
        rows = first.cells(list(range(min(PREVIEW, len(first.lines)))))
        return [[cell and cell[:MAX_SHOWN] for cell in shown(row)] for row in rows]


def _proposal(raw: RawFile, reading: Reading, sample: Sample) -> Proposal:
    names = sources(raw.header)
    places = _places(names, reading)
    columns = sample.columns(len(names))
    found = guess([columns[place] for place in places], reading)
    decided = _decided(names, reading, found)
    told = zip(decided.columns or (), (columns[place] for place in places), strict=True)
    return Proposal(
        reading=decided,
        columns=[_column(column, cells, found) for column, cells in told],
        preview=sample.preview(),
        rows_estimated=_estimated(raw, sample),
        warnings=[
            *warnings_of(raw, decided, sample.refused),
            *_unfitting(decided, places, columns, found),
            *([] if sample.rows or sample.refused else ["The file holds no rows."]),
        ],
    )


def _places(names: Sequence[str], reading: Reading) -> list[int]:
    """Which of the file's columns are proposed; raise Malformed when a source is not there."""
    if reading.columns is None:
        return list(range(len(names)))
    there = {name: place for place, name in enumerate(names)}
    missing = [column.source for column in reading.columns if column.source not in there]
    if missing:
        raise Malformed(f"The file has no column {listed(missing)}.")
    return [there[column.source] for column in reading.columns]


def _decided(names: Sequence[str], reading: Reading, found: Guess) -> Reading:
    if reading.columns is None:
        columns = [
            ColumnReading(source=source, name=name, type=type_name)
            for source, name, type_name in zip(names, naming.names(names), found.types, strict=True)
        ]
    else:
        columns = [
            column.model_copy(update={"type": column.type or type_name})
            for column, type_name in zip(reading.columns, found.types, strict=True)
        ]
    return reading.model_copy(
        update={
            "null_text": found.notation.null_text,
            "decimal": found.notation.decimal,
            "dates": found.notation.dates or "year",
            "has_header": reading.has_header is not False,
            "columns": columns,
        }
    )


def _column(column: ColumnReading, cells: Any, found: Guess) -> ProposedColumn:
    texts = unmarked(_as_strings(cells), found.notation.null_text)
    if column.type != "text":
        texts = unmarked(texts, "")
    examples = texts.drop_null().unique()[:EXAMPLES].to_pylist()
    return ProposedColumn(
        source=column.source,
        name=column.name,
        type=column.type or "text",
        title=naming.title(column.source),
        empty=texts.null_count,
        examples=[cell[:MAX_SHOWN] for cell in shown(tuple(examples)) if cell is not None],
    )


def _as_strings(cells: Any) -> Any:
    return cells if pa.types.is_string(cells.type) else as_texts(cells)


def _unfitting(
    decided: Reading, places: Sequence[int], columns: Sequence[Any], found: Guess
) -> Iterator[str]:
    """What a person's choice of types refuses; what was guessed fits every cell."""
    for column, place, guessed in zip(decided.columns or (), places, found.types, strict=True):
        if column.type is None or column.type in {"text", guessed}:
            continue
        if bad := unfitting(columns[place], column.type, found.notation):
            expected = TYPES[column.type].expected
            yield f"{bad:,} cells of {column.name} in the sample are not {expected}."


def _estimated(raw: RawFile, sample: Sample) -> int:
    rows = sample.rows + len(sample.refused)
    height = getattr(raw, "height", None)
    if sample.is_all or height is None:
        read, total = raw.progress()
        return rows if sample.is_all else max(rows, round(rows * total / max(read, 1)))
    return max(rows, int(height))
