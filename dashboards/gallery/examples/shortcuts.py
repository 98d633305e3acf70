"""Examples of the list of keys."""

from collections.abc import Callable

import panel as pn
from panel.viewable import Viewable

from dashboards.components.face import Face


def _hint() -> pn.pane.HTML:
    return Face("said", text="Press ? to see the keys of this page.", is_wrong=False).pane


EXAMPLES: dict[str, Callable[[], Viewable]] = {"closed": _hint}
