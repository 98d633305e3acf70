"""Parts of files, in a folder and in S3."""

from tests.storage.conftest import storage
from workbench.api import sending
from workbench.storage import Storage

__all__ = ["storage"]
CONTENT = bytes(range(256)) * 3000


def test_a_part_is_read_from_where_it_begins(storage: Storage) -> None:
    """Piece by piece, across what is read at once; and all of it."""
    with storage.write("a") as file:
        file.write(CONTENT)
    for start, count in ((0, 1), (5, 300_000), (len(CONTENT) - 1, 1)):
        part = b"".join(sending.chunks(storage.read("a"), start, count))
        assert part == CONTENT[start : start + count]
    assert b"".join(sending.chunks(storage.read("a"))) == CONTENT
