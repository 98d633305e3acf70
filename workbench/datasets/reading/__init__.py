"""Reading files of any kind: what is proposed for one, and its rows in typed blocks.

Nothing here knows a database, a tenant or a permission. All of it is synchronous: callers that
serve others meanwhile run it in a thread.
"""

from collections.abc import Sequence
from typing import BinaryIO

from workbench.datasets.reading.blocks import Block as Block
from workbench.datasets.reading.blocks import Refused as Refused
from workbench.datasets.reading.blocks import Source as Source
from workbench.datasets.reading.blocks import Wanted as Wanted
from workbench.datasets.schemas.reading import Proposal as Proposal
from workbench.datasets.schemas.reading import Reading as Reading


def proposed(file: BinaryIO, file_name: str, reading: Reading, *, most_bytes: int) -> Proposal:
    """Sniff a file from its beginning: how to read it, its columns, and its first rows.

    What `reading` has decided stays. `most_bytes` bounds what a packed file may unpack to; raise
    Malformed when the file cannot be read at all.
    """
    from workbench.datasets.reading.proposing import propose

    return propose(file, file_name, reading, most_bytes=most_bytes)


def opened(
    file: BinaryIO,
    file_name: str,
    reading: Reading,
    wanted: Sequence[Wanted],
    *,
    most_bytes: int,
) -> Source:
    """Open a file for a dataset's columns, from its beginning; what `reading` leaves open is sniffed.

    Raise Malformed when the file cannot be read at all, or names a column that is not wanted and
    neither mapped nor skipped by `reading.columns`.
    """
    from workbench.datasets.reading.opening import open_source

    return open_source(file, file_name, reading, wanted, most_bytes=most_bytes)
