"""Examples of the faces that pages have in common: headings and what was said."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards.components.face import Face

EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "heading": lambda: Face("heading", title="Flights", text="400 flights of A tenant").pane,
    "said well": lambda: Face("said", text="Started.", is_wrong=False).pane,
    "said wrong": lambda: Face("said", text="There is no such dataset.", is_wrong=True).pane,
}
