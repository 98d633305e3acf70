"""What an export is written as, and Arrow batches on their way into Parquet or an Arrow stream."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


class Format(StrEnum):
    """How exported rows are written."""

    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"

    @property
    def media_type(self) -> str:
        """The type of the file."""
        return {
            "csv": "text/csv; charset=utf-8",
            "parquet": "application/vnd.apache.parquet",
            "arrow": "application/vnd.apache.arrow.stream",
        }[self.value]


class Blocks:
    """A file that only grows; what was written is taken away block by block."""

    def __init__(self) -> None:
        """Begin empty."""
        self._written: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> int:
        """Keep what is written until it is taken."""
        block = bytes(data)
        self._written.append(block)
        self._size += len(block)
        return len(block)

    def take(self) -> bytes:
        """All that was written since the last time."""
        block = b"".join(self._written)
        self._written.clear()
        return block

    def tell(self) -> int:
        """How much was written."""
        return self._size

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing is held here."""

    @property
    def closed(self) -> bool:
        """A file in memory stays open."""
        return False


def encoded(reader: pa.RecordBatchReader, format_: Format) -> Iterator[tuple[int, bytes]]:
    """The file in blocks, each with how many more rows it holds."""
    import pyarrow as pa  # noqa: PLC0415 (it takes a moment)

    file = Blocks()
    plain = _plain(reader.schema)
    with _writer(pa.PythonFile(file, mode="w"), plain, format_) as writer:
        yield 0, file.take()
        for batch in reader:
            columns = [
                getattr(column, "storage", column).cast(field.type)
                for column, field in zip(batch.columns, plain, strict=True)
            ]
            writer.write_batch(pa.record_batch(columns, schema=plain))
            yield batch.num_rows, file.take()
    yield 0, file.take()


def _writer(file: Any, schema: pa.Schema, format_: Format) -> Any:
    import pyarrow as pa  # noqa: PLC0415 (as above)
    from pyarrow import parquet  # noqa: PLC0415 (as above)

    if format_ is Format.PARQUET:
        return parquet.ParquetWriter(file, schema, compression="zstd")
    return pa.ipc.new_stream(file, schema)


def _plain(schema: pa.Schema) -> pa.Schema:
    """The schema without the marks of PostgreSQL's own types, which other readers do not know."""
    import pyarrow as pa  # noqa: PLC0415 (as above)

    kinds = [getattr(field.type, "storage_type", field.type) for field in schema]
    return pa.schema(list(zip(schema.names, kinds, strict=True)))
