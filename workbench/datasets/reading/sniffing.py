"""What a delimited text looks like: its delimiter, its quote, and whether it names its columns."""

import re
from collections.abc import Collection, Sequence
from itertools import islice

from workbench.datasets.reading import sloppy
from workbench.datasets.reading.dialects import Dialect
from workbench.datasets.reading.judging import judge
from workbench.datasets.schemas.reading import MAX_COLUMNS

DELIMITERS = ",;\t|"
ROWS = 200
STATED = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
TYPED = ("integer", "number", "date", "timestamp")
# Numbers and dates of a notation that nobody has guessed yet.
LOOSE = re.compile(r"\s*(?:[+-]?\d[\d.,]*|\d{1,4}([./-])\d{1,2}\1\d{1,4})\s*")


def stated_delimiter(text: str) -> tuple[str | None, str]:
    """The delimiter that Excel writes into a first line of its own, and the text below it."""
    found = STATED.match(text)
    return (found[1], text[found.end() :]) if found else (None, text)


def dialect(
    text: str, delimiter: str | None, quote: str | None, known: Collection[str] = ()
) -> Dialect:
    """How a text's beginning parts its cells, as far as that is not decided.

    Of the delimiters that part most rows alike, one whose header names known columns is preferred.
    """
    quote = _quote(text) if quote is None else quote
    candidates = [Dialect(sign, quote) for sign in (delimiter or DELIMITERS)]
    return max(candidates, key=lambda candidate: _score(text, candidate, known))


def _quote(text: str) -> str:
    """An apostrophe where it embraces cells and no quotation mark does, else that."""
    single = len(re.findall(r"(?:^|[,;\t|])'[^'\n]*'(?=[,;\t|]|\r?$)", text, re.MULTILINE))
    return "'" if '"' not in text and single > text.count("\n") / 2 else '"'


def _score(text: str, candidate: Dialect, known: Collection[str]) -> tuple[float, ...]:
    """How many known columns, which share of rows is as wide as the first, and how wide."""
    rows = _rows(text, candidate)
    if not rows:
        return (0, 0, 0)
    width = len(rows[0].cells)
    alike = sum(len(row.cells) == width and row.reason is None for row in rows) / len(rows)
    named = len({cell.strip().lower() for cell in rows[0].cells} & set(known))
    return (named, alike if width > 1 else 0.1, width)


def _rows(text: str, candidate: Dialect) -> list[sloppy.Row]:
    return [row for row in islice(sloppy.rows(text, candidate), ROWS) if row.cells]


def has_header(text: str, candidate: Dialect) -> bool:
    """Whether the first row names columns.

    It does not when a number or a date stands in it over every column of such.
    """
    first, *others = [row.cells for row in _rows(text, candidate)] or [()]
    alike = [row for row in others if len(row) == len(first)]
    if not alike:
        return not any(_is_typed([cell]) for cell in first[:MAX_COLUMNS])
    columns = islice(zip(first, zip(*alike, strict=True), strict=True), MAX_COLUMNS)
    typed = [name for name, cells in columns if _is_typed(cells)]
    return not typed or not all(_is_typed([name]) for name in typed)


def _is_typed(cells: Sequence[str]) -> bool:
    """Whether all cells that are not empty are numbers, or dates, or times."""
    filled = [cell for cell in cells if cell]
    kinds = (all(judge(name, cell) is not None for cell in filled) for name in TYPED)
    return bool(filled) and (all(map(LOOSE.fullmatch, filled)) or any(kinds))
