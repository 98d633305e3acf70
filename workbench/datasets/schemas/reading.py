"""The shapes of how a file is read: as sniffed, or as a person has corrected it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from workbench.datasets.schemas.shapes import ColumnTypeName, Name, Shape, View

MAX_COLUMNS = 1000
Source = Annotated[str, StringConstraints(max_length=1000)]
OneCharacter = Annotated[str, StringConstraints(min_length=1, max_length=1)]
DateOrder = Literal["year", "day", "month"]


class ColumnReading(Shape):
    """One column of a file: how the file names it, what it becomes, and of which type.

    Without a type, that of the dataset's column counts.
    """

    source: Source
    name: Name
    type: ColumnTypeName | None = None


class Reading(Shape):
    """How to read a file; what is None is sniffed.

    TSV is `csv` with a tab. `quote` may be an empty text: then no character quotes. `null_text`
    stands in a cell without a value, such as NA. `dates` says what comes first in a date that is
    not written as 2026-01-31. With `columns`, a source that is left out is skipped.
    """

    format: Literal["csv", "jsonl", "parquet", "excel"] | None = None
    encoding: Annotated[str, StringConstraints(max_length=40)] | None = None
    delimiter: OneCharacter | None = None
    quote: Annotated[str, StringConstraints(max_length=1)] | None = None
    has_header: bool | None = None
    sheet: Annotated[str, StringConstraints(max_length=200)] | None = None
    null_text: Annotated[str, StringConstraints(max_length=200)] = ""
    decimal: Literal[".", ","] | None = None
    dates: DateOrder | None = None
    columns: list[ColumnReading] | None = Field(default=None, max_length=MAX_COLUMNS)


class ProposedColumn(View):
    """A column as it is proposed.

    `source` is how the file names it, `name` is valid, unique and not reserved; `empty` counts the
    cells of the sample without a value.
    """

    source: str
    name: str
    type: ColumnTypeName
    title: str
    empty: int
    examples: list[str]


class Proposal(View):
    """What is proposed before anything is loaded; `reading` has every field decided."""

    reading: Reading
    columns: list[ProposedColumn]
    preview: list[list[str | None]]
    rows_estimated: int
    warnings: list[str]
