"""The archive of a tenant: a zip that is written as it grows, with a checksum of each file."""

from __future__ import annotations

import csv
import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from pydantic_core import to_json

from workbench import formulas

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

CHUNK = 256 * 1024
CHECKSUMS = "checksums.sha256"


class Counted:
    """A file that only grows; it knows its size and the hash of all that was written."""

    def __init__(self, file: BinaryIO) -> None:
        """Write into a file that need not be able to go back."""
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Write and count."""
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        """How much was written."""
        return self.size

    def flush(self) -> None:
        """Nothing waits here."""

    @property
    def sha256(self) -> str:
        """The hash of all that was written."""
        return self._hash.hexdigest()


class Archive:
    """A zip on its way into a file; closing it adds the checksums of everything inside."""

    def __init__(self, file: BinaryIO) -> None:
        """Begin an archive."""
        self.counted = Counted(file)
        self._zip = zipfile.ZipFile(self.counted, "w", zipfile.ZIP_DEFLATED)  # type: ignore[call-overload] # it writes and tells
        self._checksums: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is None:
            self.text(CHECKSUMS, "\n".join([*self._checksums, ""]))
        self._zip.close()

    def add(self, name: str, source: BinaryIO) -> None:
        """Add what can be read from a file, a chunk at a time."""
        digest = hashlib.sha256()
        with self._zip.open(_safe(name), "w", force_zip64=True) as entry:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                entry.write(chunk)
        self._checksums.append(f"{digest.hexdigest()}  {_safe(name)}")

    def add_path(self, name: str, path: Path) -> None:
        """Add a file of this machine."""
        with path.open("rb") as source:
            self.add(name, source)

    def text(self, name: str, text: str) -> None:
        """Add a text."""
        data = text.encode()
        self._zip.writestr(name, data)
        self._checksums.append(f"{hashlib.sha256(data).hexdigest()}  {name}")


class Sheet:
    """Rows on their way into JSON Lines, CSV and, where types are known, Parquet."""

    def __init__(self, folder: Path, columns: Sequence[str], types: Mapping[str, str]) -> None:
        """Begin the files in an empty folder."""
        self._columns = columns
        self.paths = {kind: folder / f"rows.{kind}" for kind in ("jsonl", "csv")}
        self._lines = self.paths["jsonl"].open("wb")
        self._csv = self.paths["csv"].open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._csv)
        self._writer.writerow(columns)
        self._parquet: parquet.ParquetWriter | None = None
        if types:
            self.paths["parquet"] = folder / "rows.parquet"
            self._parquet = _parquet(self.paths["parquet"], columns, types)

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write some rows."""
        for row in rows:
            self._lines.write(to_json(row, inf_nan_mode="strings") + b"\n")
            self._writer.writerow([cell(row[name]) for name in self._columns])
        if self._parquet is not None:
            self._parquet.write_batch(_batch(rows, self._parquet.schema))

    def close(self) -> None:
        """End the files."""
        self._lines.close()
        self._csv.close()
        if self._parquet is not None:
            self._parquet.close()


def cell(value: Any) -> Any:
    """A value as a cell of a CSV that no spreadsheet takes for a formula."""
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else to_json(value).decode().strip('"')
    return formulas.defused(text)


def _parquet(path: Path, columns: Sequence[str], types: Mapping[str, str]) -> parquet.ParquetWriter:
    import pyarrow as pa  # noqa: PLC0415 (it takes a moment)
    from pyarrow import parquet  # noqa: PLC0415 (as above)

    kinds = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([(name, kinds[types[name]]) for name in columns])
    return parquet.ParquetWriter(path, schema)


def _batch(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa  # noqa: PLC0415 (as above)

    return pa.RecordBatch.from_pylist(rows, schema)


def _safe(name: str) -> str:
    """A name that leads into the folder in which the archive is unpacked, and nowhere else."""
    given = PurePosixPath(name.replace("\\", "/")).parts
    parts = [part for part in given if part not in ("..", "/")]
    return "/".join("".join(c for c in part if c.isprintable() and c != ":") for part in parts)
