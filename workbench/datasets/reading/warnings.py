"""What a person should know before a file is loaded."""

from collections import Counter
from collections.abc import Iterator, Sequence

from workbench.datasets.reading.blocks import Refused
from workbench.datasets.reading.matching import listed
from workbench.datasets.reading.naming import title
from workbench.datasets.reading.raw import RawFile
from workbench.datasets.schemas.reading import Reading
from workbench.datasets.tables import RESERVED

MOST = 20


def warnings_of(raw: RawFile, decided: Reading, refused: Sequence[Refused]) -> list[str]:
    """What was read otherwise than it may have been meant, and what will be refused."""
    found = [
        *_renamed(decided),
        *_header(raw, decided),
        *_notation(decided),
        *_refused(refused),
        *_workbook(raw),
    ]
    more = [f"There are {len(found) - MOST:,} warnings more."] if len(found) > MOST else []
    return found[:MOST] + more


def _renamed(decided: Reading) -> Iterator[str]:
    for column in decided.columns or ():
        if column.source.strip().lower() in RESERVED and column.source.lower() != column.name:
            yield (
                f"{column.source} has no power here and is read as an ordinary column named "
                f"{column.name}."
            )


def _header(raw: RawFile, decided: Reading) -> Iterator[str]:
    if decided.has_header is False:
        yield "The first row seems to be data already; the columns are numbered."
        return
    names = [name.strip() for name in raw.header]
    twice = [title(name) for name, times in Counter(names).items() if name and times > 1]
    if twice:
        yield f"The header names {listed(twice)} more than once; each has a name of its own here."
    if not all(names):
        yield f"{names.count('')} columns have no name."


def _notation(decided: Reading) -> Iterator[str]:
    if decided.encoding not in {None, "utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii"}:
        yield f"The encoding is guessed to be {decided.encoding}; look at accented letters."
    if decided.null_text:
        yield f"{decided.null_text} stands for no value."
    if decided.decimal == ",":
        yield "Numbers are written with a decimal comma."
    if decided.dates in {"day", "month"}:
        yield f"Dates are written with the {decided.dates} first."


def _refused(refused: Sequence[Refused]) -> Iterator[str]:
    reasons = Counter(_kind(row.reason) for row in refused)
    for reason, times in reasons.items():
        yield f"{times:,} rows of the sample cannot be read: the first {_first(refused, reason)}."


def _kind(reason: str) -> str:
    return "ragged" if reason.startswith("has ") and "the header has" in reason else reason


def _first(refused: Sequence[Refused], kind: str) -> str:
    row = next(row for row in refused if _kind(row.reason) == kind)
    return f"{row.reason} (line {row.line:,})"


def _workbook(raw: RawFile) -> Iterator[str]:
    if errors := getattr(raw, "errors", 0):
        yield f"{errors:,} cells hold an error such as #N/A and are read as empty."
    others = getattr(raw, "others", ())
    if others:
        yield f"The workbook has other sheets, which are not read: {listed(others)}."
