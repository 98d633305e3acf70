"""A query cut into partitions that a Dask cluster, or the threads of this process, read.

The cuts are made at one look: every row that is there then lies in exactly one range of the key,
and no range has an end that is open. What each partition holds is read when Dask gets to it.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.errors import Invalid, Unavailable
from workbench.lab import reading
from workbench.runs.tickets import Ticket

if TYPE_CHECKING:
    import dask.dataframe as dd
    from distributed import Client

ROWS = 500_000  # of a partition, unless told otherwise
PATIENCE = "20s"


class NoDask(Unavailable):
    """Reading at scale needs Dask; install it with `pip install 'workbench[scale]'`."""

    code = "no_dask"


class NoCluster(Unavailable):
    """The Dask cluster of WORKBENCH_DASK_SCHEDULER does not answer."""

    code = "no_cluster"


class BadCut(Invalid):
    """A query is cut by a column of its own that has a value in each row."""

    code = "bad_cut"


@dataclass(frozen=True, slots=True)
class Question:
    """A statement with the values bound to it, and the column by which it is cut."""

    sql: str
    bound: list[Any]
    by: str

    @property
    def key(self) -> str:
        """The column as SQL names it."""
        return '"' + self.by.replace('"', '""') + '"'

    @property
    def source(self) -> str:
        """The statement as a table; a line of its own ends a remark that may end it."""
        return f"({reading.single(self.sql)}\n) as whole"


@dataclass(frozen=True, slots=True)
class Part:
    """A range of the key, with `last` in it or just before the next part; None holds no row."""

    first: Any
    last: Any
    is_last: bool


def look(ticket: Ticket, question: Question, partitions: int | None) -> tuple[list[Part], int]:
    """Cut the rows that are there now; answer the parts and how many rows there are.

    Raise BadCut where a row has no key, for it would lie in no range.
    """
    place, size = f"${len(question.bound) + 1}", partitions or ROWS
    number = "row_number() over (order by k) - 1"
    part = f"({number}) * {place} / count(*) over ()" if partitions else f"({number}) / {place}"
    statement = (
        "select min(k) as first, max(k) as last, count(*) as rows, "  # noqa: S608 (as below)
        "count(k) as keys from ("
        f"select k, {part} as part from (select {question.key} as k from {question.source}) keys"
        ") parts group by part order by part"
    )
    found = reading.table(ticket, statement, [*question.bound, size]).to_pylist()
    if any(row["rows"] != row["keys"] for row in found):
        raise BadCut(f"Some rows have no {question.by}; cut by a column that is never empty.")
    firsts = [row["first"] for row in found]
    parts = [Part(*pair, is_last=False) for pair in pairwise(firsts)]
    if found:
        parts.append(Part(firsts[-1], found[-1]["last"], is_last=True))
    return parts, sum(row["rows"] for row in found)


def read(part: Part, *, ticket: Ticket, question: Question) -> pd.DataFrame:
    """One partition as a frame of Arrow's types, which do not depend on the rows it holds."""
    first, last = (len(question.bound) + place for place in (1, 2))
    end = "<=" if part.is_last else "<"
    statement = (
        f"select * from {question.source} "  # noqa: S608 (the author's own, the column quoted)
        f"where {question.key} >= ${first} and {question.key} {end} ${last}"
    )
    values = [*question.bound, part.first, part.last]
    return reading.frame(ticket.renewed(), statement, values, "arrow")


def empty(ticket: Ticket, question: Question) -> pd.DataFrame:
    """The columns and their types, without a row."""
    statement = f"select * from {question.source} limit 0"  # noqa: S608 (the author's own)
    return reading.frame(ticket, statement, question.bound, "arrow")


def assembled(ticket: Ticket, question: Question, parts: list[Part]) -> "dd.DataFrame":
    """The parts as one Dask frame, each read where Dask decides; raise NoDask without Dask."""
    frames = dask_frames()
    meta = empty(ticket, question)
    if not parts:
        nothing: dd.DataFrame = frames.from_pandas(meta, npartitions=1)
        return nothing
    carried = ticket.carried()
    whole: dd.DataFrame = frames.from_map(read, parts, ticket=carried, question=question, meta=meta)
    return whole


def dask_frames() -> Any:
    """Dask's frames; raise NoDask where they are not installed."""
    try:
        import dask.dataframe as dd  # noqa: PLC0415 (an extra, and it takes a second)
    except ImportError as error:
        raise NoDask from error
    return dd


def connected(scheduler: str, patience: str = PATIENCE) -> "Client":
    """A client of the cluster, which Dask's frames use from now on; raise NoCluster or NoDask."""
    try:
        from distributed import Client  # noqa: PLC0415 (an extra, and it takes a second)
    except ImportError as error:
        raise NoDask from error
    try:
        return Client(scheduler, timeout=patience)
    except (OSError, TimeoutError, ValueError) as error:
        raise NoCluster(f"{NoCluster.__doc__} ({scheduler}: {error})") from error
