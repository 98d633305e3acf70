"""Examples of rows with what can be done about each."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards.components import layout
from dashboards.components.roster import Action, Cell, Column, Roster, Row

COLUMNS = (Column("Tenant"), Column("Runs", is_number=True), Column("Files"))
EMPTY = ("No tenants yet", "Make the first one; it then appears here.")
ASKING = Action("suspend", "Suspend…", "Everybody is signed out at once.", "Why?", is_grave=True)
ROWS = (
    Row("ua", (Cell("United", note="ua"), Cell("58"), Cell("9 MB", share=0.2)), (ASKING,)),
    Row(
        "oo",
        (
            Cell("SkyWest <b>", note="oo", chip="Suspended", tone="broken"),
            Cell("3"),
            Cell("9.7 GB", share=0.97, is_full=True),
        ),
        (Action("resume", "Let in again"),),
    ),
)


async def _nothing(_key: str, _action: str, _answer: str) -> None:
    """Do nothing: an example changes nothing."""


def _roster(*rows: Row, is_loading: bool = False) -> Viewable:
    roster = Roster.of("Tenants", COLUMNS, empty=EMPTY, on_do=_nothing)
    if not is_loading:
        roster.fill(rows)
    return layout.card(roster)


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: _roster(*ROWS),
    "empty": _roster,
    "loading": lambda: _roster(is_loading=True),
}
