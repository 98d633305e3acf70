"""What a file that is read consists of: blocks of typed rows, and rows that are refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

MAX_VALUE = 200  # characters of a refused value that are kept apart; `cells` keeps all of it


class Wanted(NamedTuple):
    """A column of a dataset: its name, and one of the six types of `column_types`."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be loaded: where it begins in the file, and why.

    `column` is the dataset's column that is to blame, None when the row as a whole is; `cells` are
    the row as read, in the order of the source's header (of a ragged row: as many as it has), so
    that it can be written to a file, corrected and sent again. NUL is shown as ␀ in them.
    """

    line: int
    reason: str
    column: str | None = None
    value: str | None = None
    cells: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """About 50,000 rows or 16 MB of a file.

    `lines` (Arrow int64) tells where each good row begins: the line of a text, counted from 1 and
    the header included, else the number of the row. `batch` (Arrow RecordBatch) has the columns of
    the source's `matched` as string, int64, double, bool, date32 and timestamp[us, UTC]. Every row
    of the file is either in `batch` or in `refused`. `bytes_read` is the part of the file, as
    uploaded, that has been read so far.
    """

    lines: Any
    batch: Any
    refused: list[Refused]
    bytes_read: int


class Source(Protocol):
    """A file that is being read; `blocks` may be asked for once."""

    @property
    def header(self) -> tuple[str, ...]:
        """How the file names its columns, those that are skipped included."""
        ...

    @property
    def matched(self) -> tuple[Wanted, ...]:
        """The wanted columns that the file fills, in the order of the batches' columns."""
        ...

    @property
    def bytes_total(self) -> int:
        """How large the file is, as uploaded."""
        ...

    def blocks(self) -> Iterator[Block]:
        """The file block by block, in constant memory; raise Malformed where it cannot go on."""
        ...

    def close(self) -> None:
        """Let go of what was opened; the file itself stays open."""
        ...
