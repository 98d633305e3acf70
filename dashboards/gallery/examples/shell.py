"""Examples of the page itself: it is the one around this gallery."""

from collections.abc import Callable

import panel as pn
from panel.viewable import Viewable

from dashboards.components.face import Face

TEXT = "The shell is the page that you are looking at: its bar, its menus, and its colours."


def _around() -> pn.pane.HTML:
    return Face("said", text=TEXT, is_wrong=False).pane


EXAMPLES: dict[str, Callable[[], Viewable]] = {"around this": _around}
