"""The tabs of the dashboard, and the address."""

from typing import ClassVar

import param
from panel.custom import JSComponent

from dashboards.components.parts import Hear, hearing
from dashboards.runs.state import HISTORY, NOTEBOOKS, SCHEDULES, Place
from dashboards.runs.views import parts

KINDS = frozenset({parts.GO})
TABS = [[NOTEBOOKS, "Notebooks"], [HISTORY, "History"], [SCHEDULES, "Schedules & alerts"]]


class Places(JSComponent):
    """Where one is; the address follows, and going back in the browser goes back here."""

    tabs = param.List(default=TABS, doc="Keys and names.")
    tab = param.String(default=NOTEBOOKS, doc="The key of the tab that is shown.")
    search = param.String(default="", doc="The end of the address.")

    _esm = parts.script("places.js")
    _stylesheets: ClassVar[list[str]] = [parts.style("places.css")]

    @classmethod
    def of(cls, hear: Hear) -> "Places":
        """Make the tabs."""
        made = cls(sizing_mode="stretch_width")
        made.on_msg(hearing(KINDS, hear))
        return made

    def lead(self, place: Place) -> None:
        """Show where the visitor is now."""
        self.param.update(tab=place.shown, search=place.search)
