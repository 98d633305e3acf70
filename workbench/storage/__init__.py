"""Storage: bytes under generated keys, in a local folder or S3, behind fsspec."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast
from uuid import UUID

import fsspec
from fsspec.core import url_to_fs
from fsspec.spec import AbstractBufferedFile

from workbench.errors import Invalid, NotFound, Unavailable

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
BLOCK = 8 * 1024**2  # what a file on its way to S3 holds in memory, twice at most
OPTIONS: dict[str, dict[str, Any]] = {
    "file": {"auto_mkdir": True},
    # What a listing said a moment ago may be wrong now: other processes write too.
    "s3": {"use_listings_cache": False, "default_block_size": BLOCK},
}


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as it lies in storage."""

    key: str
    size: int
    changed_at: datetime


class Storage:
    """The place where files lie; keys are made here and never by a user."""

    def __init__(self, url: str) -> None:
        """Name the place by a URL that fsspec understands, `file://…` or `s3://…`.

        Raise Invalid when a package is missing that knows the place.
        """
        options = OPTIONS.get(url.partition(":")[0], {})
        try:
            found = url_to_fs(url, **options)
        except ImportError as error:
            raise Invalid(
                "This place for files needs a package more; for s3:// install workbench[s3]."
            ) from error
        self._system, self._root = cast("tuple[fsspec.AbstractFileSystem, str]", found)

    @staticmethod
    def key(tenant_id: UUID, kind: str, owner: UUID, name: str) -> str:
        """The key of one file: tenant first, so that a purge finds all of a tenant's files.

        Raise Invalid when the name could lead out of the owner's folder.
        """
        if not NAME.fullmatch(name):
            raise Invalid("A file's name holds letters, digits, dots, dashes and underscores.")
        return f"{tenant_id.hex}/{kind}/{owner.hex}/{name}"

    def write(self, key: str) -> BinaryIO:
        """Open a file for writing; it is there once it is closed."""
        return cast("BinaryIO", self._system.open(self._path(key), "wb"))

    def abandon(self, file: BinaryIO, key: str) -> None:
        """Give up a file that is being written; nothing of it stays."""
        with suppress(Exception):  # what matters is the error that led here
            if isinstance(file, AbstractBufferedFile):
                # What has left for S3 in parts is dropped there, not put together first.
                file.discard()
                file.closed = True
            file.close()
        self.remove(key)

    def read(self, key: str) -> BinaryIO:
        """Open a file for reading; raise NotFound when it is not there.

        Raise Unavailable when nobody can tell.
        """
        try:
            return cast("BinaryIO", self._system.open(self._path(key), "rb"))
        except FileNotFoundError as error:
            raise NotFound("The file is gone.") from error
        except Exception as error:  # what can go wrong differs from place to place
            raise Unavailable("Storage does not answer; try again later.") from error

    def remove(self, key: str) -> None:
        """Remove a file, whether it is there or not."""
        if self._system.exists(self._path(key)):
            self._system.rm(self._path(key))

    def keys(self, tenant_id: UUID) -> Iterator[str]:
        """Every key that names the tenant, by looking at all that lies in storage.

        A purge finds by it also what lies outside the tenant's own folder.
        """
        for path in self._system.find(self._root):
            key = str(path).removeprefix(f"{self._root}/")
            if tenant_id.hex in key or str(tenant_id) in key:
                yield key

    def folder(
        self, tenant_id: UUID, kind: str = "", owner: UUID | None = None
    ) -> Iterator[Stored]:
        """Every file that a tenant has, or those of one kind, or of one owner of that kind."""
        prefix = self._path("/".join(p for p in (tenant_id.hex, kind, owner and owner.hex) if p))
        if not self._system.exists(prefix):
            return
        for path, found in self._system.find(prefix, detail=True).items():
            key = path.removeprefix(f"{self._root}/")
            yield Stored(key, int(found["size"]), _time(found))

    def sizes(self, tenant_id: UUID) -> dict[str, int]:
        """The size in bytes of each file in the tenant's folder, by its key."""
        prefix = self._path(tenant_id.hex)
        if not self._system.exists(prefix):
            return {}
        found = self._system.find(prefix, detail=True)
        return {key.removeprefix(f"{self._root}/"): int(f["size"]) for key, f in found.items()}

    def remove_all(self, tenant_id: UUID) -> int:
        """Remove every file of a tenant and its folder; answer how many files there were."""
        keys = list(self.keys(tenant_id))
        for key in keys:
            self.remove(key)
        folder = self._path(tenant_id.hex)
        if self._system.exists(folder):
            self._system.rm(folder, recursive=True)
        return len(keys)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"


def _time(found: dict[str, Any]) -> datetime:
    """When a file was last changed; a folder tells seconds, S3 a time."""
    at = found.get("LastModified") or found.get("mtime") or found["created"]
    return at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
