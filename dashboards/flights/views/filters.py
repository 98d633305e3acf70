"""The controls that choose flights."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards.components.face import Face
from dashboards.flights.figures import Options
from dashboards.flights.state import State

ALL = "All airports"
UNKNOWN = (date(2013, 1, 1), date(2013, 12, 31))  # until the tenant's own days are known
LOOK: dict[str, Any] = {"sizing_mode": "stretch_width", "margin": 0, "disabled": True}
PAD = ":host(.filters) { padding: 18px; box-sizing: border-box; gap: 18px; }"


class Filters:
    """Two airports and a period; a change goes into the state, which everything else follows."""

    def __init__(self, state: State) -> None:
        """Make the controls; they can be used once there are options."""
        self._state = state
        self._origin = pmui.Select(label="From", options={ALL: ""}, value="", **LOOK)
        self._destination = pmui.Select(label="To", options={ALL: ""}, value="", **LOOK)
        self._period = pmui.DateRangeSlider(
            label="Period", start=UNKNOWN[0], end=UNKNOWN[1], value=UNKNOWN, **LOOK
        )
        self._reset = pmui.Button(
            label="Show all flights", variant="outlined", on_click=self._forget, **LOOK
        )
        self._widgets = (self._origin, self._destination, self._period, self._reset)
        self.pane = pn.Column(
            Face("filters_head").pane,
            *self._widgets,
            css_classes=["filters"],
            stylesheets=[PAD],
            sizing_mode="stretch_width",
            margin=0,
        )
        self._origin.param.watch(self._tell, "value")
        self._destination.param.watch(self._tell, "value")
        self._period.param.watch(self._tell, "value_throttled")

    def offer(self, options: Options) -> None:
        """Offer what the tenant's own flights hold."""
        self._origin.options = labelled(options.origins, options.airports)
        self._destination.options = labelled(
            dict(sorted(options.destinations.items())), options.airports
        )
        if options.first and options.last and options.first < options.last:
            self._period.param.update(
                start=options.first, end=options.last, value=(options.first, options.last)
            )
        else:
            self._period.visible = False
        for widget in self._widgets:
            widget.disabled = False

    def _tell(self, *_events: object) -> None:
        whole = self._period.start, self._period.end
        period = self._period.value_throttled or whole
        self._state.param.update(
            origin=self._origin.value or "",
            destination=self._destination.value or "",
            period=None if period == whole else period,
        )

    def _forget(self, *_events: object) -> None:
        whole = self._period.start, self._period.end
        with pn.io.hold():
            self._period.value = whole
            self._origin.value = ""
            self._destination.value = ""
        self._state.param.update(origin="", destination="", period=None)


def labelled(counts: Mapping[str, int], airports: Mapping[str, str]) -> dict[str, str]:
    """Airports as people choose them: code and name, after the choice of all."""
    return {ALL: ""} | {f"{code}  {airports.get(code, '')}".strip(): code for code in counts}
