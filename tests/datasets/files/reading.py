"""Reading small files to their end, for the tests of files."""

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

from workbench.datasets.reading import Reading, Refused, Wanted, opened

MOST = 1 << 30


class Found(NamedTuple):
    """All rows of a file, each behind its line, and those that were refused."""

    rows: list[tuple[Any, ...]]
    refused: list[Refused]

    @property
    def reasons(self) -> list[tuple[int, str | None, str]]:
        """Line, column and reason of each refused row."""
        return [(row.line, row.column, row.reason) for row in self.refused]


def read(
    content: bytes,
    wanted: Sequence[tuple[str, str]] = (("a", "text"), ("b", "text")),
    file_name: str = "x.csv",
    **reading: Any,
) -> Found:
    """Read a file for some columns, as a reading of these fields says."""
    known = [Wanted(*column) for column in wanted]
    source = opened(io.BytesIO(content), file_name, Reading(**reading), known, most_bytes=MOST)
    found = Found([], [])
    try:
        for block in source.blocks():
            assert block.batch.schema.names == [column.name for column in source.matched]
            assert 0 <= block.bytes_read <= source.bytes_total == len(content)
            cells = (row.values() for row in block.batch.to_pylist())
            found.rows.extend(zip(block.lines.to_pylist(), *zip(*cells, strict=True), strict=False))
            found.refused.extend(block.refused)
    finally:
        source.close()
    return found
