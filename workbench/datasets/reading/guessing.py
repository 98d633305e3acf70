"""Which types a file's columns have, and in which notation most of them have one."""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from workbench.datasets.reading.casting import cast
from workbench.datasets.reading.native import as_texts, kept
from workbench.datasets.reading.notation import Notation
from workbench.datasets.schemas.reading import DateOrder, Reading

ORDER = ("integer", "number", "boolean", "date", "timestamp")
FEW = 100  # cells that are looked at first
MARKERS = ("NA", "N/A", "#N/A", "NULL", "null", "None", "NaN", "nan", "\\N", "-", "?")
MORE = re.compile(r"\s*(?:[+-]?[\d.,]|(?:true|false|yes|no|on|off|[tfyn])\s*$)", re.IGNORECASE)
LOOSE_DATE = re.compile(r"\s*\d{1,4}[./-]\d{1,2}[./-]\d{1,4}")
CODE = r"^[+-]?0\d+$"  # 007 is a code, not a number


class Guess(NamedTuple):
    """A notation, and the type of each column in it."""

    notation: Notation
    types: tuple[str, ...]


def guess(columns: Sequence[Any], reading: Reading) -> Guess:
    """The notation in which most columns have a type, the plainest of several."""
    best = Notation(reading.null_text, reading.decimal or ".", reading.dates)
    found = [type_of(column, best) for column in columns]
    texts = {
        place: column
        for place, column in enumerate(columns)
        if found[place] == "text" and _may_be_more(column)
    }
    for notation in _notations(best, reading, list(texts.values())):
        tried = {place: type_of(text, notation) for place, text in texts.items()}
        typed = [name for name in tried.values() if name != "text"]
        if len(typed) > sum(found[place] != "text" for place in texts):
            best = notation
            found = [tried.get(place, name) for place, name in enumerate(found)]
    if best.decimal == "," or best.null_text != reading.null_text:
        found = [type_of(column, best) for column in columns]
    return Guess(best, tuple(found))


def _may_be_more(cells: Any) -> bool:
    """Whether a column of texts begins like numbers, dates or truths, markers left out."""
    if not pa.types.is_string(cells.type):
        return False
    first = next((cell for cell in cells[:FEW].to_pylist() if cell and cell not in MARKERS), "")
    return bool(MORE.match(first))


def _notations(plain: Notation, reading: Reading, texts: Sequence[Any]) -> Iterator[Notation]:
    """The notations to be tried, as far as the texts give reason to."""
    heads = [cell for text in texts for cell in text[:FEW].to_pylist() if cell]
    markers = [plain.null_text]
    if not plain.null_text:
        markers += [marker for marker in MARKERS if _stands_in(texts, marker)]
    decimals = [plain.decimal]
    if reading.decimal is None and any("," in cell for cell in heads):
        decimals.append(",")
    orders: list[DateOrder | None] = [reading.dates]
    if reading.dates is None and any(LOOSE_DATE.match(cell) for cell in heads):
        orders += ["year", "day", "month"]
    return (Notation(*signs) for signs in product(markers, decimals, orders))


def _stands_in(texts: Sequence[Any], marker: str) -> bool:
    return any(pc.index(text, marker).as_py() >= 0 for text in texts)


def type_of(cells: Any, notation: Notation) -> str:
    """The first type that every cell has; text when none has, or when there is no cell."""
    if len(cells) == cells.null_count:
        return "text"
    if not pa.types.is_string(cells.type):
        return _native(cells)
    cells = unmarked(cells, notation.null_text)
    few = cells.drop_null()[:FEW]
    if not len(few) or pc.any(pc.match_substring_regex(few, CODE)).as_py():
        return "text"
    fitting = (name for name in ORDER if _fits(few, name, notation))
    found = next((name for name in fitting if _fits(cells, name, notation)), "text")
    if found == "integer" and pc.any(pc.match_substring_regex(cells, CODE)).as_py():
        return "text"
    return found


def unmarked(cells: Any, null_text: str) -> Any:
    """The cells, without a value where the marker stands."""
    return pc.if_else(pc.equal(cells, null_text), None, cells)


def unfitting(cells: Any, type_name: str, notation: Notation) -> int:
    """How many cells of a column do not have a type."""
    if not pa.types.is_string(cells.type):
        if kept(cells, type_name) is not None:
            return 0
        cells = as_texts(cells)
    _, bad = cast(unmarked(cells, notation.null_text), type_name, notation)
    return 0 if bad is None else pc.sum(bad).as_py() or 0


def _fits(cells: Any, type_name: str, notation: Notation) -> bool:
    values, bad = cast(cells, type_name, notation)
    return bad is None and values.null_count < len(values)


def _native(cells: Any) -> str:
    """The type of a column that the file has typed itself."""
    if pa.types.is_decimal(cells.type):
        return "number"
    return next((name for name in ORDER if kept(cells, name) is not None), "text")
