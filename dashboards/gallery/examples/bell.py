"""Examples of the bell."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards import theme
from dashboards.components import layout
from dashboards.components.bell import Bell

DARK = f":host {{ padding: 8px; border-radius: 8px; background: {theme.BAR}; }}"


def _in_bar(unread: int) -> Viewable:
    return layout.column(Bell(unread=unread), css=DARK)


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "empty": lambda: _in_bar(0),
    "with data": lambda: _in_bar(3),
    "with very much": lambda: _in_bar(1234),
}
