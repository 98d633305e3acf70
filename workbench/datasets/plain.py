"""A statement whose columns are of types that files know."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from psycopg import sql

from workbench import formulas

CSV = "copy (select {} from (\n{}\n) as q ({})) to stdout (format csv, header)"
CODES = ", ".join(str(ord(beginning)) for beginning in formulas.BEGINNINGS)


@dataclass(frozen=True, slots=True)
class PlainColumn:
    """A column of an answer; `is_text` where a cell may hold what people wrote."""

    name: str
    is_text: bool = False
    is_boolean: bool = False


@dataclass(frozen=True, slots=True)
class Plain:
    """A statement without parameters, the columns of its answer, and settings that it reads."""

    text: str
    columns: tuple[PlainColumn, ...]
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def as_csv(self) -> str:
        """The statement that sends a CSV which no spreadsheet takes for formulas."""
        aliases = [f"c{number}" for number in range(len(self.columns))]
        cells = [
            f"{_cell(alias, column)} as {sql.Identifier(formulas.defused(column.name)).as_string()}"
            for alias, column in zip(aliases, self.columns, strict=True)
        ]
        return CSV.format(", ".join(cells), self.text, ", ".join(aliases))


def _cell(alias: str, column: PlainColumn) -> str:
    if column.is_boolean:
        return f"{alias}::text"
    if column.is_text:
        # The code of the first character: to look at the text itself would cost a third more.
        return f"case when ascii({alias}) in ({CODES}) then '''' || {alias} else {alias} end"
    return alias
