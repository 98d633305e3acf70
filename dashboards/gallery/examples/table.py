"""Examples of tables that show one page."""

from collections.abc import Callable, Sequence

from panel.viewable import Viewable

from dashboards.components.table import Heading, Table

HEADINGS = (Heading("carrier", "Carrier"), Heading("flights", "Flights", is_number=True))
ROWS = (("United", "58,665"), ("JetBlue", "54,635"), ("<b>hostile</b>", "1"))


async def _nothing(_kind: str, _column: str) -> None:
    """Do nothing: this is an example."""


def _made(rows: Sequence[Sequence[str]], *, is_loading: bool = False) -> Viewable:
    made = Table.of(HEADINGS, _nothing)
    made.param.update(
        rows=[list(row) for row in rows],
        order="flights",
        descending=True,
        label=f"1–{len(rows)} of {len(rows)} carriers" if rows else "No carrier fits this choice",
        is_loading=is_loading,
    )
    return made


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: _made(ROWS),
    "empty": lambda: _made(()),
    "loading": lambda: _made(ROWS, is_loading=True),
}
