"""Storage: bytes under generated keys, in a local folder or S3, behind fsspec."""

import re
from collections.abc import Iterator
from typing import BinaryIO, cast
from uuid import UUID

import fsspec
from fsspec.core import url_to_fs

from workbench.errors import Invalid, NotFound

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")


class Storage:
    """The place where files lie; keys are made here and never by a user."""

    def __init__(self, url: str) -> None:
        """Name the place by a URL that fsspec understands, `file://…` or `s3://…`."""
        self._system, self._root = cast(
            "tuple[fsspec.AbstractFileSystem, str]", url_to_fs(url, auto_mkdir=True)
        )

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

    def read(self, key: str) -> BinaryIO:
        """Open a file for reading; raise NotFound when it is not there."""
        try:
            return cast("BinaryIO", self._system.open(self._path(key), "rb"))
        except FileNotFoundError as error:
            raise NotFound("The file is gone.") from error

    def remove(self, key: str) -> None:
        """Remove a file, whether it is there or not."""
        if self._system.exists(self._path(key)):
            self._system.rm(self._path(key))

    def keys(self, tenant_id: UUID) -> Iterator[str]:
        """Every key that names the tenant, by looking at all that lies in storage.

        A purge finds by it also what lies outside the tenant's own folder.
        """
        for folder, _, names in self._system.walk(self._root):
            for name in names:
                key = f"{folder}/{name}".removeprefix(f"{self._root}/")
                if tenant_id.hex in key or str(tenant_id) in key:
                    yield key

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
