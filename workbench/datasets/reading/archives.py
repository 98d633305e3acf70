"""A workbook's archive, opened with suspicion and packed anew, so that what was checked is read.

Two readers of one archive may see two contents: sizes that lie, entries that overlap, two
directories. So each part is unpacked here, counted and compared with its checksum, and only parts
that passed reach the library that reads workbooks.
"""

import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from workbench.datasets.errors import Malformed
from workbench.datasets.reading.packing import CHUNK

MOST_PARTS = 10_000
MOST_UNPACKED = 512 * 1024 * 1024
BOMB = "unpacks to more than may be read; split it, or save it as CSV"
DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\0", b"<\0")  # UTF-16, UTF-32
DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(NotImplementedError, OSError, RuntimeError, ValueError, LookupError),
)

Look = Callable[[bytes], None]


class Archive:
    """The parts of a workbook, none of them unpacked yet."""

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        """Read the directory; raise Malformed when the parts claim to be too large."""
        self._most = min(most_bytes, MOST_UNPACKED)
        self._unpacked = 0
        try:
            self._zip = zipfile.ZipFile(file)
        except DAMAGED:
            raise Malformed("The archive is damaged; save it again.") from None
        parts = self._zip.infolist()
        self.names = {part.filename for part in parts}
        if len(parts) > MOST_PARTS or len(self.names) < len(parts):
            raise Malformed("The archive has too many parts, or one twice; save it again.")
        if sum(part.file_size for part in parts) > self._most:
            raise Malformed(f"The workbook {BOMB}.")

    def text(self, name: str) -> bytes:
        """A small part as a whole, empty when it is not there."""
        return b"".join(self._blocks(name)) if name in self.names else b""

    def packed_anew(self, names: dict[str, Look | None]) -> "tempfile._TemporaryFileWrapper[bytes]":
        """An archive of some parts, in a file that vanishes when it is closed.

        Each part may be looked at on its way, block by block; an empty block is its end.
        """
        target = tempfile.NamedTemporaryFile(suffix=".xlsx")  # noqa: SIM115 (its owner closes it)
        try:
            with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
                for name, look in names.items():
                    if name in self.names:
                        self._copy(archive, name, look)
        except BaseException:
            target.close()
            raise
        target.flush()
        return target

    def _copy(self, archive: zipfile.ZipFile, name: str, look: Look | None) -> None:
        with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as part:
            for block in self._blocks(name):
                part.write(block)
                if look is not None:
                    look(block)
        if look is not None:
            look(b"")

    def _blocks(self, name: str) -> Iterator[bytes]:
        """A part's real bytes; raise Malformed when they are too many or could fetch others."""
        before = b""
        try:
            with self._zip.open(name) as part:
                while block := part.read(CHUNK):
                    self._count(len(block))
                    if not before and block.startswith(WIDE_MARKS):
                        raise Malformed("The workbook is not written in UTF-8; save it again.")
                    if DOCTYPE.search(before[-16:] + block):
                        raise Malformed("The workbook declares entities, which none needs.")
                    before = block
                    yield block
        except DAMAGED:
            raise Malformed("The archive is damaged or encrypted; save it again.") from None

    def _count(self, size: int) -> None:
        self._unpacked += size
        if self._unpacked > self._most:
            raise Malformed(f"The workbook {BOMB}.")
