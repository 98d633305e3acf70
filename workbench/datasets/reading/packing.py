"""The bytes of a file on their way in: counted, unpacked, and never more than may be."""

import gzip
import io
import tempfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from workbench.datasets.errors import Malformed

GZIP = b"\x1f\x8b"
CHUNK = 1024 * 1024
IN_MEMORY = 8 * 1024 * 1024


class Bytes(Protocol):
    """What can be read, as far as this room needs it."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, none at the end."""
        ...


class Packed:
    """A file as uploaded, and its content: unpacked when it is gzipped.

    `bytes_read` counts the file's own bytes, `unpacked` those that came out.
    """

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        """Begin at the file's beginning, whatever has been read of it before."""
        self.bytes_total = _size(file)
        self.bytes_read = 0
        self.unpacked = 0
        self._file = file
        self._most = most_bytes
        self.gzipped = file.read(2) == GZIP
        file.seek(0)
        self._content: Bytes = gzip.GzipFile(fileobj=_Counted(self)) if self.gzipped else file
        self._plain = not self.gzipped

    def consumed(self, waiting: int) -> int:
        """How many of the file's bytes have been used, when some content waits in a buffer."""
        return round(self.bytes_read * max(1 - waiting / max(self.unpacked, 1), 0))

    def read_file(self, size: int) -> bytes:
        """The file's next bytes as uploaded, counted."""
        block = self._file.read(size)
        self.bytes_read += len(block)
        return block

    def read(self, size: int = CHUNK, /) -> bytes:
        """The content's next bytes, `size` unless it ends; raise Malformed when too many."""
        try:
            block = self.read_file(size) if self._plain else self._content.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Malformed(f"The file cannot be unpacked: {_told(error)} Pack it again.") from None
        self.unpacked += len(block)
        if self.unpacked > self._most:
            raise Malformed(f"The file unpacks to more than {self._most:,} bytes; split it.")
        return block


class _Counted(io.RawIOBase):
    """The packed bytes, as gzip asks for them."""

    def __init__(self, packed: Packed) -> None:
        super().__init__()
        self._packed = packed

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._packed.read_file(size if size >= 0 else CHUNK)


def _told(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "it ends too early."
    return "it is damaged."


def _size(file: BinaryIO) -> int:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return size


def seekable(packed: Packed, file: BinaryIO) -> BinaryIO:
    """The content as a file that can be read in any order: itself, or unpacked for a while."""
    if not packed.gzipped:
        file.seek(0)
        return file
    unpacked = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (its owner closes it)
    for block in iter(lambda: packed.read(CHUNK), b""):
        unpacked.write(block)
    unpacked.seek(0)
    return unpacked  # type: ignore[return-value]


def chunks(content: Bytes, size: int = CHUNK) -> Iterator[bytes]:
    """What is left to read, piece by piece."""
    return iter(lambda: content.read(size), b"")
