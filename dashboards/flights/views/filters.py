"""The controls that choose flights."""

from collections.abc import Mapping
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards.components import layout
from dashboards.components.face import Face
from dashboards.flights.figures import Options
from dashboards.flights.state import State

ALL = "All airports"
LOOK: dict[str, Any] = {"sizing_mode": "stretch_width", "margin": 0, "disabled": True}
WIDE = ".MuiPickersTextField-root { width: 100%; }"
PAD = ":host { padding: 18px; gap: 18px; }"


class Filters:
    """Two airports and two days; a change goes into the state, which everything else follows."""

    def __init__(self, state: State) -> None:
        """Make the controls; they can be used once there are options."""
        self._state = state
        self._origin = pmui.Select(label="From", options={ALL: ""}, value="", **LOOK)
        self._destination = pmui.Select(label="To", options={ALL: ""}, value="", **LOOK)
        self._since = pmui.DatePicker(label="First day", width=None, stylesheets=[WIDE], **LOOK)
        self._until = pmui.DatePicker(label="Last day", width=None, stylesheets=[WIDE], **LOOK)
        self._reset = pmui.Button(
            label="Show all flights", variant="outlined", on_click=self._forget, **LOOK
        )
        self._widgets = (self._origin, self._destination, self._since, self._until, self._reset)
        self.pane = layout.column(Face("filters_head").pane, *self._widgets, css=PAD)
        for control in self._widgets[:-1]:
            control.param.watch(self._tell, "value")

    def offer(self, options: Options) -> None:
        """Offer what the tenant's own flights hold."""
        self._origin.options = labelled(options.origins, options.airports)
        self._destination.options = labelled(
            dict(sorted(options.destinations.items())), options.airports
        )
        for day in (self._since, self._until):
            day.param.update(start=options.first, end=options.last)
        for widget in self._widgets:
            widget.disabled = False

    def _tell(self, *_events: object) -> None:
        self._state.param.update(
            origin=self._origin.value or "",
            destination=self._destination.value or "",
            since=self._since.value,
            until=self._until.value,
        )

    def _forget(self, *_events: object) -> None:
        with pn.io.hold():
            self._origin.value = self._destination.value = ""
            self._since.value = self._until.value = None


def labelled(counts: Mapping[str, int], airports: Mapping[str, str]) -> dict[str, str]:
    """Airports as people choose them: code and name, after the choice of all."""
    return {ALL: ""} | {f"{code}  {airports.get(code, '')}".strip(): code for code in counts}
