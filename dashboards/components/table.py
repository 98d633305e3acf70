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
    can_pick = param.Boolean(default=False, doc="Whether the first text of a row can be clicked.")
    is_loading = param.Boolean(default=True, doc="Whether other rows are on their way.")

    _esm = Path(__file__).parent / "table.js"
    _stylesheets: ClassVar[list[str]] = [(Path(__file__).parent / "table.css").read_text()]

    @classmethod
    def of(
        cls,
        headings: tuple[Heading, ...],
        on_wish: Callable[[str, str], Awaitable[None]],
        on_pick: Callable[[int], Awaitable[None]] | None = None,
    ) -> "Table":
        """Make a table; a wish is `sort` with a column's name, `previous` or `next`.

        Where rows can be picked, the number of the row on the page is passed on.
        """
        table = cls(can_pick=on_pick is not None, sizing_mode="stretch_width")
        table.head(headings)

        async def wish(message: Any) -> None:
            kind, column = message.data.get("kind"), message.data.get("column")
            row, names = message.data.get("row"), [heading["name"] for heading in table.columns]
            if kind in {"previous", "next"} or (kind == "sort" and column in names):
                await on_wish(kind, column or "")
            elif on_pick and kind == "pick" and row in range(len(table.rows)):
                await on_pick(row)

        table.on_msg(wish)
        return table

    def head(self, headings: tuple[Heading, ...]) -> None:
        """Put rows under other headings."""
        self.columns = [asdict(heading) for heading in headings]
