"""Rows as a file has them: every cell a text, before any of them is asked to be more."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import pyarrow as pa

from workbench.datasets.reading.blocks import Refused

BLOCK_ROWS = 50_000
MAX_ROW = 16 * 1024 * 1024  # bytes of one row
SHOWN_NUL = "␀"

Cells = tuple[str | None, ...]


@dataclass(slots=True)
class RawRows:
    """A block of rows.

    `lines` (NumPy int64) tells where each begins; `columns` are Arrow strings, one for each name
    of the header, or of the file's own types, null where there is no value. `cells` gives some
    rows back exactly as read, by their places in the block; `has_nul` when a text may hold NUL.
    """

    lines: Any
    columns: Sequence[Any]
    cells: Callable[[Any], Sequence[Cells]]
    refused: list[Refused] = field(default_factory=list)
    has_nul: bool = True

    @classmethod
    def of(
        cls,
        lines: Any,
        rows: Sequence[Cells],
        width: int,
        null_text: str | None,
        refused: list[Refused],
    ) -> Self:
        """A block of rows that are Python's tuples, each as wide as the header.

        Whoever tells absent values apart from empty texts passes no `null_text` when it is empty.
        """
        by_column = zip(*rows, strict=True) if rows else ([] for _ in range(width))
        columns = [
            pa.array([None if cell == null_text else cell for cell in column], pa.string())
            for column in by_column
        ]
        return cls(lines, columns, lambda wanted: [rows[place] for place in wanted], refused)


class RawFile(Protocol):
    """A file that gives its rows as texts."""

    @property
    def header(self) -> tuple[str, ...]:
        """How it names its columns."""
        ...

    def rows(self) -> Iterator[RawRows]:
        """Its rows, block by block; to be asked once."""
        ...

    def progress(self) -> tuple[int, int]:
        """How many of its bytes have been read, of how many."""
        ...

    def close(self) -> None:
        """Let go of what was opened."""
        ...


def ragged(line: int, cells: Cells, width: int, reason: str | None = None) -> Refused:
    """The row that has more or fewer cells than the header, or cannot be read at all."""
    count = f"{len(cells)} cell" + ("s" if len(cells) != 1 else "")
    return Refused(line, reason or f"has {count}, the header has {width}", cells=shown(cells))


def shown(cells: Cells) -> Cells:
    """Cells as they can be stored and shown: without NUL."""
    if any(cell and "\0" in cell for cell in cells):
        return tuple(cell and cell.replace("\0", SHOWN_NUL) for cell in cells)
    return cells
