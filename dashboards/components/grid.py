"""A grid of values that are all there: sorted and shown step by step in the browser."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import param
from panel.custom import JSComponent

from dashboards.components.table import Heading

HERE = Path(__file__).parent


class Grid(JSComponent):
    """Rows of texts, None where there is no value; shown as text, whatever they contain."""

    columns = param.List(default=[], doc="The headings.")
    rows = param.List(default=[], doc="The rows, each a list of texts and of None.")
    empty = param.String(default="", doc="What is said instead of rows when there are none.")

    _esm = HERE / "grid.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "grid.css").read_text()]

    def show(self, headings: Sequence[Heading], rows: Sequence[Sequence[str | None]]) -> None:
        """Show other rows under other headings."""
        columns = [{"title": each.title, "is_number": each.is_number} for each in headings]
        self.param.update(columns=columns, rows=[list(row) for row in rows])
