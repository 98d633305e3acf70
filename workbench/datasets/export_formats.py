"""What an export is written as: CSV, Parquet or an Arrow stream, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from workbench import formulas

if TYPE_CHECKING:
    import pyarrow as pa

FORMULA = f"^[{''.join(formulas.BEGINNINGS).replace('-', '')}-]"
BOM = b"\xef\xbb\xbf"  # by which Excel knows UTF-8


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


def encoded(
    reader: pa.RecordBatchReader, format_: Format, *, bom: bool = False
) -> Iterator[tuple[int, bytes]]:
    """The file in blocks, each with how many more rows it holds."""
    import pyarrow as pa  # noqa: PLC0415 (it takes a moment)

    file = Blocks()
    plain = _plain_schema(reader.schema)
    if format_ is Format.CSV:
        plain = pa.schema([field.with_name(formulas.defused(field.name)) for field in plain])
        if bom:
            file.write(BOM)
    with _writer(pa.PythonFile(file, mode="w"), plain, format_) as writer:
        yield 0, file.take()
        for batch in reader:
            columns = [
                _plain(column, field) for column, field in zip(batch.columns, plain, strict=True)
            ]
            if format_ is Format.CSV:
                columns = [_defused(column) for column in columns]
            writer.write_batch(pa.record_batch(columns, schema=plain))
            yield batch.num_rows, file.take()
    yield 0, file.take()


def _writer(file: Any, schema: pa.Schema, format_: Format) -> Any:
    import pyarrow as pa  # noqa: PLC0415 (as above)
    from pyarrow import csv, parquet  # noqa: PLC0415 (as above)

    match format_:
        case Format.CSV:
            return csv.CSVWriter(
                file, schema, write_options=csv.WriteOptions(quoting_style="needed")
            )
        case Format.PARQUET:
            return parquet.ParquetWriter(file, schema, compression="zstd")
        case Format.ARROW:
            return pa.ipc.new_stream(file, schema)


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema without the marks of PostgreSQL's own types, which other readers do not know."""
    import pyarrow as pa  # noqa: PLC0415 (as above)

    return pa.schema([pa.field(field.name, _plain_type(field.type)) for field in schema])


def _plain_type(kind: pa.DataType) -> pa.DataType:
    return getattr(kind, "storage_type", kind)


def _plain(column: pa.Array, field: pa.Field) -> pa.Array:
    storage = getattr(column, "storage", column)
    return storage.cast(field.type)


def _defused(column: pa.Array) -> pa.Array:
    """Texts that a spreadsheet would take for formulas, with an apostrophe before them."""
    import pyarrow as pa  # noqa: PLC0415 (as above)
    from pyarrow import compute  # noqa: PLC0415 (as above)

    if not pa.types.is_string(column.type):
        return column
    risky = compute.match_substring_regex(column, FORMULA)
    if not compute.any(risky).as_py():
        return column
    marked = compute.binary_join_element_wise("'", column, "")
    return compute.if_else(risky, marked, column)
