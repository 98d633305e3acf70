"""Bytes on their way into storage: counted and hashed as they pass, a block at a time."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeVar

import structlog

from workbench.errors import Unavailable
from workbench.files import sniffing
from workbench.storage import Storage

BLOCK = 1024**2

T = TypeVar("T")
log = structlog.get_logger(__name__)

Chunks = AsyncIterator[bytes]


@dataclass(slots=True)
class Written:
    """What has passed so far."""

    size: int = 0
    head: bytes = b""
    _hash: Any = field(default_factory=hashlib.sha256)

    def add(self, block: bytes) -> None:
        """Count a block."""
        self.size += len(block)
        self._hash.update(block)
        if len(self.head) < sniffing.HEAD:
            self.head += block[: sniffing.HEAD - len(self.head)]

    @property
    def sha256(self) -> str:
        """The hash of all of it."""
        digest: str = self._hash.hexdigest()
        return digest

    @property
    def media_type(self) -> str:
        """What it is, by how it begins."""
        return sniffing.media_type(self.head)


class Passing(io.BufferedIOBase, BinaryIO):
    """A file of storage that is written without waiting, counted and hashed on the way."""

    def __init__(self, file: BinaryIO, written: Written) -> None:
        """Around a file that is open for writing."""
        self._file, self._written = file, written

    def writable(self) -> bool:
        """It is there to be written."""
        return True

    def write(self, block: Any) -> int:
        """Pass a block on."""
        data = bytes(block)
        self._file.write(data)
        self._written.add(data)
        return len(data)

    def close(self) -> None:
        """End the file, once."""
        if not self.closed:
            self._file.close()
        super().close()


async def write(storage: Storage, key: str, chunks: Chunks) -> Written:
    """Write all that comes into a file of storage; when it breaks off, nothing of it stays."""
    written = Written()
    file = await _stored(storage.write, key)
    try:
        async for block in _blocks(chunks):
            await _stored(_pass, file, written, block)
        await _stored(file.close)
    except BaseException:
        await asyncio.shield(asyncio.to_thread(storage.abandon, file, key))
        raise
    return written


async def _stored(step: Callable[..., T], *values: Any) -> T:
    """Do a step in a thread, where storage may take its time; a full disk is Unavailable."""
    try:
        return await asyncio.to_thread(step, *values)
    except Exception as error:  # what can go wrong there differs from place to place
        log.warning("storage_failed", reason=f"{type(error).__name__}: {error}"[:200])
        raise Unavailable("The file could not be stored; try again later.") from error


def _pass(file: BinaryIO, written: Written, block: bytes) -> None:
    file.write(block)
    written.add(block)


async def _blocks(chunks: Chunks) -> Chunks:
    """Put small chunks together, so that not each is a step of its own."""
    waiting = bytearray()
    async for chunk in chunks:
        waiting += chunk
        if len(waiting) >= BLOCK:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


def measured(storage: Storage, key: str) -> Written:
    """What a file of storage holds, by reading it; raise NotFound when it is gone."""
    written = Written()
    with storage.read(key) as file:
        while block := file.read(BLOCK):
            written.add(block)
    return written


async def blocks(file: BinaryIO) -> Chunks:
    """What an open file holds from here on, a block at a time."""
    while block := await asyncio.to_thread(file.read, BLOCK):
        yield block


async def read(storage: Storage, keys: Iterable[str]) -> Chunks:
    """What lies in some files of storage, one after another; raise NotFound where one is gone."""
    for key in keys:
        file = await asyncio.to_thread(storage.read, key)
        try:
            async for block in blocks(file):
                yield block
        finally:
            await asyncio.to_thread(file.close)
