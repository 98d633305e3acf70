"""How a file writes numbers, dates and the absence of a value."""

from typing import Any, NamedTuple

import pyarrow.compute as pc

from workbench.datasets.schemas.reading import DateOrder, Reading

GROUPED = r"^(\s*[+-]?\d{1,3})\.(\d{3}(?:\.\d{3})*(?:,\d*)?\s*)$"
LOOSE = r"^(\s*)(\d{1,2})[./-](\d{1,2})[./-](\d{4})\b"
YEAR_FIRST = r"^(\s*)(\d{4})[./-](\d{1,2})[./-](\d{1,2})\b"
PADS = ((r"^(\s*\d{4})-(\d)-", r"\1-0\2-"), (r"^(\s*\d{4}-\d\d)-(\d)(\D|$)", r"\1-0\2\3"))
ISO_OF = {
    "year": (YEAR_FIRST, r"\1\2-\3-\4"),
    "day": (LOOSE, r"\1\4-\3-\2"),
    "month": (LOOSE, r"\1\4-\2-\3"),
}


class Notation(NamedTuple):
    """What stands for no value, which sign parts decimals, and what comes first in a date."""

    null_text: str = ""
    decimal: str = "."
    dates: DateOrder | None = None

    @classmethod
    def of(cls, reading: Reading) -> "Notation":
        """The notation that a reading describes."""
        return cls(reading.null_text, reading.decimal or ".", reading.dates)

    def rewrites(self, type_name: str) -> bool:
        """Whether cells of a type may be written otherwise than PostgreSQL reads them."""
        if type_name in {"integer", "number"}:
            return self.decimal == ","
        return type_name in {"date", "timestamp"} and self.dates is not None

    def rewritten(self, type_name: str, cells: Any) -> Any:
        """The cells as PostgreSQL writes them; what is written in no known way stays."""
        if type_name in {"integer", "number"}:
            return _with_points(cells)
        pattern, iso = ISO_OF[self.dates or "year"]
        cells = pc.replace_substring_regex(cells, pattern, iso)
        for pad, padded in PADS:
            cells = pc.replace_substring_regex(cells, pad, padded)
        return cells


def _with_points(cells: Any) -> Any:
    """`1.234,5` as `1234.5`; a point that parts no thousands makes the cell unreadable."""
    points = pc.match_substring(cells, ".")
    grouped = pc.match_substring_regex(cells, GROUPED)
    wrong = pc.and_(points, pc.invert(grouped))
    cells = pc.replace_substring(cells, ".", "")
    cells = pc.replace_substring(cells, ",", ".", max_replacements=1)
    return pc.if_else(wrong, "a point that parts no thousands", cells)
