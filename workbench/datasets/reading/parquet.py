"""Parquet: its types are kept where they are a dataset's, else each value is read as a text."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workbench.datasets.errors import Malformed
from workbench.datasets.reading.native import as_texts
from workbench.datasets.reading.packing import Packed
from workbench.datasets.reading.raw import BLOCK_ROWS, MAX_ROW, Cells, RawRows

BLOCK_CELLS = 1_000_000
BLOCK_BYTES = 32 * 1024 * 1024
FOOTER = 64 * 1024 * 1024
CAUTIOUS: dict[str, Any] = {
    "buffer_size": 1024 * 1024,
    "pre_buffer": False,
    "coerce_int96_timestamp_unit": "us",
    "thrift_string_size_limit": FOOTER,
    "thrift_container_size_limit": FOOTER,
}


class ParquetFile:
    """A Parquet file on its way into blocks; a row's line is its number, from 1."""

    def __init__(
        self, file: BinaryIO, packed: Packed, null_text: str | None, most_bytes: int
    ) -> None:
        """Read the metadata; raise Malformed when it is damaged or claims too much."""
        self._file, self._packed, self._null_text = file, packed, null_text
        self._done = 0
        try:
            texts = _texts(pq.ParquetFile(file, **CAUTIOUS).schema_arrow)
            self._parquet = pq.ParquetFile(file, read_dictionary=texts, **CAUTIOUS)
        except (pa.ArrowException, OSError, MemoryError, ValueError) as error:
            raise _damaged(error) from None
        self.header = tuple(self._parquet.schema_arrow.names)
        self.height = self._parquet.metadata.num_rows
        _check(self._parquet.metadata, most_bytes)

    def progress(self) -> tuple[int, int]:
        """How many of the file's bytes have been read, of how many, by the share of rows."""
        total = self._packed.bytes_total
        return total * min(self._done, self.height) // max(self.height, 1), total

    def close(self) -> None:
        """Let go of the metadata and of what was unpacked."""
        self._parquet.close()
        if self._packed.gzipped:
            self._file.close()

    def rows(self) -> Iterator[RawRows]:
        """The rows, block by block."""
        size = max(1, min(BLOCK_ROWS, BLOCK_CELLS // max(len(self.header), 1)))
        try:
            for batch in self._parquet.iter_batches(batch_size=size, use_threads=False):
                batch.validate(full=True)  # what says that it is text need not be UTF-8
                for piece in _pieces(batch):
                    yield self._raw(piece)
        except (pa.ArrowException, OSError, MemoryError, ValueError) as error:
            raise _damaged(error) from None
        if self._done != self.height:
            raise Malformed(f"The file claims {self.height:,} rows and has {self._done:,}.")

    def _raw(self, batch: Any) -> RawRows:
        lines = np.arange(self._done + 1, self._done + 1 + batch.num_rows)
        self._done += batch.num_rows
        columns = [_plain(column, self._null_text) for column in batch.columns]

        def cells(wanted: Any) -> list[Cells]:
            taken = [as_texts(column.take(pa.array(wanted))).to_pylist() for column in columns]
            return list(zip(*taken, strict=True))

        return RawRows(lines, columns, cells)


def _check(metadata: Any, most_bytes: int) -> None:
    """Raise Malformed when what the file claims to hold is more than may be read."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    rows = [group.num_rows for group in groups]
    sizes = [group.total_byte_size for group in groups]
    if min([0, metadata.num_rows, *rows, *sizes]) < 0 or sum(rows) != metadata.num_rows:
        raise Malformed("The file's metadata contradicts itself; write it again.")
    # A run of equal values takes no room in the file, but each value does when it is loaded.
    if max(sum(sizes), metadata.num_rows * metadata.num_columns) > most_bytes:
        raise Malformed(f"The file holds more than {most_bytes:,} bytes; split it.")


def _texts(schema: Any) -> list[str]:
    return [
        f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)
    ]


def _damaged(error: BaseException) -> Malformed:
    return Malformed(f"The Parquet file cannot be read: {str(error)[:200]}. Write it again.")


def _pieces(batch: Any) -> Iterator[Any]:
    """A batch, halved until the texts that its dictionaries repeat fit into memory."""
    if _size(batch) <= BLOCK_BYTES:
        yield batch
    elif batch.num_rows <= 1:
        raise Malformed(f"A row of the file is longer than {MAX_ROW:,} bytes.")
    else:
        half = batch.num_rows // 2
        yield from _pieces(batch.slice(0, half))
        yield from _pieces(batch.slice(half))


def _size(batch: Any) -> int:
    return sum(
        pc.sum(pc.binary_length(column.dictionary).take(column.indices)).as_py() or 0
        for column in batch.columns
        if pa.types.is_dictionary(column.type)
    )


def _plain(column: Any, null_text: str | None) -> Any:
    """A column without a dictionary, and without values where the marker of none stands."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type):
        column = column.cast(pa.string())
    if null_text and pa.types.is_string(column.type):
        column = pc.if_else(pc.equal(column, null_text), None, column)
    return column
