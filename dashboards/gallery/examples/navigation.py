"""Examples of the way between dashboards."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards import theme
from dashboards.components import layout
from dashboards.components.navigation import Navigation

DARK = f":host {{ padding: 8px; border-radius: 8px; background: {theme.BAR}; }}"
FEW = [("/dashboards/home", "Home"), ("/dashboards/gallery", "Gallery")]
MANY = [*FEW, *((f"/dashboards/{word}", f"A dashboard of {word}") for word in "abcdefghij")]


def _in_bar(links: list[tuple[str, str]]) -> Viewable:
    return layout.column(Navigation.of(links, "/dashboards/gallery"), css=DARK)


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "few": lambda: _in_bar(FEW),
    "more than there is room for": lambda: _in_bar(MANY),
}
