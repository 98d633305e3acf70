"""A table that shows one page of rows; order and paging are asked of the server."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its name, what people read, and whether it holds numbers."""

    name: str
    title: str
    is_number: bool = False


class Table(JSComponent):
    """Rows of texts under headings; the browser shows them as text, whatever they contain."""

    columns = param.List(default=[], doc="The headings.")
    rows = param.List(default=[], doc="The rows, each a list of texts.")
    order = param.String(default="", doc="The column that the rows are sorted by.")
    descending = param.Boolean(default=False, doc="Whether the largest comes first.")
    label = param.String(default="", doc="Which rows these are.")
    has_previous = param.Boolean(default=False, doc="Whether there are rows before these.")
    has_next = param.Boolean(default=False, doc="Whether there are rows after these.")
    is_loading = param.Boolean(default=True, doc="Whether other rows are on their way.")

    _esm = Path(__file__).parent / "table.js"
    _stylesheets: ClassVar[list[str]] = [(Path(__file__).parent / "table.css").read_text()]

    @classmethod
    def of(
        cls, headings: tuple[Heading, ...], on_wish: Callable[[str, str], Awaitable[None]]
    ) -> "Table":
        """Make a table; a wish is `sort` with a column's name, `previous` or `next`."""
        table = cls(columns=[asdict(heading) for heading in headings], sizing_mode="stretch_width")
        names = {heading.name for heading in headings}

        async def wish(message: Any) -> None:
            kind, column = message.data.get("kind"), message.data.get("column")
            if kind in {"previous", "next"} or (kind == "sort" and column in names):
                await on_wish(kind, column or "")

        table.on_msg(wish)
        return table
