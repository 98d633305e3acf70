"""How a delimited text parts its cells."""

import csv
from typing import Any, NamedTuple

import pyarrow.csv as pv

from workbench.datasets.errors import Malformed

FORBIDDEN = "\r\n\0"


class Dialect(NamedTuple):
    """Which character parts cells, and which one quotes them; an empty `quote` means none does."""

    delimiter: str = ","
    quote: str = '"'

    def checked(self) -> "Dialect":
        """Itself; raise Malformed when no text could be read with it."""
        for sign, what in ((self.delimiter, "delimiter"), (self.quote or '"', "quote")):
            if not sign.isascii() or sign in FORBIDDEN:
                raise Malformed(f"{sign!r} cannot be the {what}; choose another ASCII character.")
        if self.delimiter == self.quote:
            raise Malformed("The delimiter cannot be the quote too; choose another one.")
        return self

    def arrow(self, **more: Any) -> Any:
        """The same for Arrow."""
        quote = self.quote or False
        return pv.ParseOptions(
            delimiter=self.delimiter, quote_char=quote, newlines_in_values=bool(quote), **more
        )

    def reader(self, lines: Any, *, strict: bool) -> Any:
        """A reader of the standard library, row by row."""
        if not self.quote:
            return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE)
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=strict)
