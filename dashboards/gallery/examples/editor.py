"""Examples of the editor of SQL."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards.components.editor import Editor

EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: Editor(
        value="select carrier, count(*)\nfrom flights\ngroup by carrier",
        sizing_mode="stretch_width",
    ),
    "empty": lambda: Editor(value="", sizing_mode="stretch_width"),
}
