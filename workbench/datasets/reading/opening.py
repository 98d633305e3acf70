"""Opening a file for a dataset's columns."""

from collections.abc import Sequence
from typing import BinaryIO

from workbench.datasets.reading.blocks import Source, Wanted
from workbench.datasets.reading.formats import raw_file
from workbench.datasets.reading.matching import matches
from workbench.datasets.reading.notation import Notation
from workbench.datasets.reading.typed import TypedFile
from workbench.datasets.schemas.reading import Reading


def opened(
    file: BinaryIO,
    file_name: str,
    reading: Reading,
    wanted: Sequence[Wanted],
    *,
    most_bytes: int,
) -> Source:
    """Open a file for a dataset's columns, from its beginning; what is not decided is sniffed.

    `most_bytes` bounds what a packed file may unpack to. Raise Malformed when the file cannot be
    read at all, or names a column that is not wanted and neither mapped nor skipped by
    `reading.columns`.
    """
    known = [column.name for column in wanted]
    raw, decided = raw_file(file, file_name, reading, most_bytes=most_bytes, known=known)
    try:
        found = matches(raw.header, decided.columns, wanted)
    except Exception:
        raw.close()
        raise
    return TypedFile(raw, found, Notation.of(decided))
