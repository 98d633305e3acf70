"""What two executed notebooks show, compared cell by cell.

Standard difflib over cleaned lines: nbdime takes an address in memory for a change, and answers
with operations on JSON that nobody reads.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, unified_diff
from enum import StrEnum
from itertools import islice, zip_longest
from typing import Any, NamedTuple

from pydantic import BaseModel

from workbench.errors import Invalid
from workbench.runs.schemas import MIME

INJECTED = "injected-parameters"  # parameters are compared by their names
MOST_CELLS = 1000
MOST_LINES = 400  # of what a cell shows, of which a difference is told line by line
MOST_TOLD = 200  # lines of one difference
MOST_IN_ALL = 4000  # lines of all differences
MORE = "… more of the output differs; download both notebooks to see it."
LINE = 500  # characters
SOURCE = 2000  # characters of a cell's code
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Change(StrEnum):
    """How a cell differs in the other run."""

    OUTPUT = "output"  # the same code shows something else
    SOURCE = "source"  # the code is another
    ADDED = "added"
    REMOVED = "removed"


class CellChange(BaseModel):
    """A cell that differs: its place in either notebook, from 1, and what it shows, line by line.

    `diff` is a unified difference, cut after 200 lines; it is empty where only the code differs.
    """

    place: int | None
    other_place: int | None
    change: Change
    source: str
    diff: list[str]


class _Cell(NamedTuple):
    place: int
    source: str
    lines: list[str]


def compare(left: bytes, right: bytes) -> tuple[list[CellChange], int]:
    """The cells that differ between two notebooks' files, and how many do not."""
    old, new = _cells(left), _cells(right)
    changes: list[CellChange] = []
    same = told = 0
    for before, after in _pairs(old, new):
        change = _changed(before, after)
        if change is None:
            same += 1
            continue
        told += len(change.diff)
        if told > MOST_IN_ALL:
            change.diff = [MORE] if change.diff else []
        changes.append(change)
    return changes, same


def _pairs(
    old: Sequence[_Cell], new: Sequence[_Cell]
) -> Iterator[tuple[_Cell | None, _Cell | None]]:
    """Cells that belong together, by their code and then by their places."""
    sources = [cell.source for cell in old], [cell.source for cell in new]
    matcher = SequenceMatcher(None, *sources, autojunk=False)
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        yield from zip_longest(old[i1:i2], new[j1:j2])


def _changed(before: _Cell | None, after: _Cell | None) -> CellChange | None:
    if before is None or after is None:
        change = Change.ADDED if before is None else Change.REMOVED
    elif before.source != after.source:
        change = Change.SOURCE
    elif before.lines != after.lines:
        change = Change.OUTPUT
    else:
        return None
    shown = after or before
    return CellChange(
        place=before.place if before else None,
        other_place=after.place if after else None,
        change=change,
        source=shown.source[:SOURCE] if shown else "",
        diff=_told(before.lines if before else [], after.lines if after else []),
    )


def _told(old: Sequence[str], new: Sequence[str]) -> list[str]:
    if old == new:
        return []
    first, second = old[:MOST_LINES], new[:MOST_LINES]
    # The two lines at the top of a unified difference name files, and there are none.
    lines = islice(unified_diff(first, second, lineterm="", n=1), 2, None)
    told = [line[:LINE] for line in islice(lines, MOST_TOLD + 1)]
    if len(told) > MOST_TOLD or not told:
        told[MOST_TOLD:] = [MORE]
    return told


def _cells(file: bytes) -> list[_Cell]:
    try:
        cells = json.loads(file)["cells"][:MOST_CELLS]
        kept = [cell for cell in cells if INJECTED not in cell["metadata"].get("tags", ())]
        return [
            _Cell(place, _text(cell["source"]), [*_lines(cell.get("outputs", ()))])
            for place, cell in enumerate(kept, 1)
        ]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise Invalid("A notebook that a run left cannot be read; run it again.") from error


def _lines(outputs: Sequence[dict[str, Any]]) -> Iterator[str]:
    for output in outputs:
        if output.get("name") == "stderr":
            continue
        if "text" in output:
            yield from _clean(_text(output["text"]))
        elif "ename" in output:
            yield from _clean(f"{output['ename']}: {output['evalue']}")
        elif MIME not in output["data"]:  # what a kernel tells Workbench is compared as metrics
            yield from _data(output["data"])


def _data(data: dict[str, Any]) -> Iterator[str]:
    """Text as it is; what is no text, by its size and hash."""
    if "text/plain" in data:
        yield from _clean(_text(data["text/plain"]))
    for kind, value in sorted(data.items()):
        if kind == "text/plain" or (kind == "text/html" and "text/plain" in data):
            continue
        if kind.startswith("text/"):
            yield from _clean(_text(value))
        else:
            written = (_text(value) if _is_text(value) else json.dumps(value)).encode()
            known = hashlib.sha256(written).hexdigest()[:12]
            yield f"[{kind}, {len(written):,} characters, {known}]"


def _clean(text: str) -> list[str]:
    """Lines without colours, and without where things lay in memory."""
    return ADDRESS.sub("0x…", COLOUR.sub("", text)).splitlines()


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(part, str) for part in value)
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "".join(value)
