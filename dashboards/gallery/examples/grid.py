"""Examples of grids of values that are all there."""

from collections.abc import Callable, Sequence

from panel.viewable import Viewable

from dashboards.components.grid import Grid
from dashboards.components.table import Heading

HEADINGS = (Heading("carrier", "Carrier"), Heading("flights", "Flights", is_number=True))


def _made(rows: Sequence[Sequence[str | None]]) -> Viewable:
    made = Grid(empty="No rows", sizing_mode="stretch_width")
    made.fill(HEADINGS, rows)
    return made


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: _made([["UA", "58665"], ["B6", "54635"], [None, "12"], ["", "3"]]),
    "empty": lambda: _made([]),
}
