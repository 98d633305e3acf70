"""A chart in a card: a question as its title, and a drawing that follows the colour scheme."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards import theme
from dashboards.components.face import Face
from dashboards.components.layout import card
from dashboards.visits import screen

Option = dict[str, Any]
# Of these nothing is left of the drawing before. The tooltip stays: one that is made anew while the
# pointer rests on the drawing fails in the browser.
REPLACED = ["series", "xAxis", "yAxis", "grid", "legend", "visualMap", "axisPointer"]


class Chart:
    """An ECharts drawing; drawing again changes the pane in place."""

    def __init__(self, title: str, note: str, *, height: int = 300) -> None:
        """Make an empty chart with the question that it answers."""
        self._make: Callable[[str], Option] | None = None
        self._page: pmui.Page | None = None
        self._title = title
        self._head = Face("chart_head", title=title, note=note)
        self._drawing = pn.pane.ECharts(
            {},
            height=height,
            sizing_mode="stretch_width",
            margin=0,
            options={"replaceMerge": REPLACED},
        )
        self.pane = card(self._head.pane, self._drawing)

    def name(self, note: str) -> None:
        """Say under the title what is shown."""
        self._head.show(title=self._title, note=note)

    def follow(self, page: pmui.Page) -> None:
        """Draw in the colours of the page, and again whenever they change."""
        self._page = page
        page.param.watch(lambda _: self._redraw(), "dark_theme")

    def draw(self, make: Callable[[str], Option]) -> None:
        """Draw what `make` answers for the name of a colour scheme."""
        self._make = make
        self._redraw()

    def entitle(self, title: str, note: str) -> None:
        """Show another question above the drawing."""
        self._head.show(title=title, note=note)

    def size(self, height: int) -> None:
        """Make the drawing so many pixels high."""
        self._drawing.height = height

    def listen(self, on_click: Callable[[Option], Coroutine[Any, Any, None]]) -> None:
        """Pass on what a click meets: the piece of data as it was drawn."""

        def clicked(event: Any) -> None:
            # The pane calls, and awaits nothing.
            pn.state.execute(partial(on_click, (event.data or {}).get("data") or {}))

        self._drawing.on_event("click", clicked)

    def _redraw(self) -> None:
        if self._make is not None:
            is_dark = screen.get().is_dark if self._page is None else self._page.dark_theme
            mode = theme.name(dark=is_dark)
            self._drawing.object = frame(mode) | self._make(mode)


def frame(mode: str) -> Option:
    """What every chart has in common in a colour scheme."""
    return {
        "backgroundColor": "transparent",
        "animationDuration": 300,
        "color": theme.SERIES[mode],
        "textStyle": {"fontFamily": theme.FONT, "color": theme.SOFT[mode]},
        "tooltip": tooltip(mode),
        "aria": {"enabled": True},
    }


def tooltip(mode: str, **options: Any) -> Option:
    """A tooltip that looks like the cards; ECharts escapes the texts that it shows."""
    return {
        "confine": True,
        "backgroundColor": theme.CARD[mode],
        "borderColor": theme.EDGE[mode],
        "textStyle": {"color": theme.INK[mode], "fontSize": 13},
    } | options


def axis(mode: str, **options: Any) -> Option:
    """An axis whose labels read well and whose lines stay quiet."""
    return {
        "axisLabel": {"color": theme.SOFT[mode], "fontSize": 12} | options.pop("axisLabel", {}),
        "axisLine": {"lineStyle": {"color": theme.EDGE[mode]}},
        "axisTick": {"show": False},
        "splitLine": {"lineStyle": {"color": theme.EDGE[mode]}},
        "nameTextStyle": {"color": theme.SOFT[mode], "fontSize": 12},
    } | options
