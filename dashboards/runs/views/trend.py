"""One figure over the last runs, with its budget as a line."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import panel_material_ui as pmui

from dashboards import theme
from dashboards.components.chart import Chart, Option, axis
from dashboards.runs.store.past import Figure
from dashboards.runs.views import words

TITLE = "How a figure went"
OVER = {"light": "#d55e00", "dark": "#f28e3c"}
CHOICE = ":host { max-width: 280px; margin: 14px 0 6px; }"


class Trend:
    """A choice of figures, and the chart of the one that is chosen."""

    def __init__(self, choose: Callable[[str], Awaitable[None]]) -> None:
        """Make an empty chart; `choose` hears which figure is wanted."""
        self._choose = choose
        self._choice = pmui.Select(
            label="Figure",
            options=[],
            sizing_mode="stretch_width",
            size="small",
            stylesheets=[CHOICE],
        )
        self._choice.param.watch(self._on_choice, "value")
        self._chart = Chart(TITLE, "", height=260)
        self.pane = self._chart.pane
        self.pane.insert(1, self._choice)
        self.pane.visible = False
        self._is_offering = False

    def follow(self, page: pmui.Page) -> None:
        """Draw in the colours of the page."""
        self._chart.follow(page)

    def offer(self, names: Sequence[str], chosen: str = "") -> str:
        """Offer these figures and answer which is chosen; without any the chart is hidden."""
        self._is_offering = True
        self._choice.options = {name.replace("_", " "): name for name in names}
        if names:
            held = self._choice.value
            self._choice.value = chosen or (held if held in names else names[0])
        self._is_offering = False
        self.pane.visible = bool(names)
        return str(self._choice.value or "") if names else ""

    def tell(self, name: str, figures: Sequence[Figure], at: str = "") -> None:
        """Draw a figure of the last runs; the run whose id is `at` is marked."""
        unit = figures[-1].unit if figures else ""
        count = len(figures)
        note = f"The last {count} runs, the oldest first" if count > 1 else "Only one run so far"
        title = f"{name.replace('_', ' ').capitalize()}{f' in {unit}' if unit else ''}"
        self._chart.entitle(title, note if count else "No run has measured it yet")
        self._chart.draw(lambda mode: option(mode, figures, at))

    async def _on_choice(self, *_events: object) -> None:
        if not self._is_offering and self._choice.value:
            await self._choose(self._choice.value)


def option(mode: str, figures: Sequence[Figure], at: str = "") -> Option:
    """A line of values with a dashed one for the budget; points beyond it have its colour."""
    budgets = [each.budget for each in figures]
    line: dict[str, Any] = {
        "type": "line",
        "name": "Measured",
        "symbolSize": 8,
        "lineStyle": {"width": 2},
        "data": [_point(mode, each, at) for each in figures],
    }
    dashed = {
        "type": "line",
        "name": "Budget",
        "data": budgets,
        "symbol": "none",
        "connectNulls": True,
        "lineStyle": {"type": "dashed", "width": 1.5, "color": OVER[mode]},
        "itemStyle": {"color": OVER[mode]},
    }
    has_budget = any(budget is not None for budget in budgets)
    return {
        "grid": {"left": 8, "right": 16, "top": 34, "bottom": 8, "containLabel": True},
        "legend": {"top": 0, "right": 0, "textStyle": {"color": theme.SOFT[mode]}},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": axis(
            mode,
            type="category",
            data=[words.moment(each.at) for each in figures],
            boundaryGap=True,
        ),
        "yAxis": axis(mode, type="value", min=min(0.0, *(each.value for each in figures), 0.0)),
        "series": [line, dashed] if has_budget else [line],
    }


def _point(mode: str, figure: Figure, at: str) -> dict[str, Any]:
    is_over = figure.budget is not None and figure.value > figure.budget
    point: dict[str, Any] = {"value": figure.value}
    if is_over:
        point |= {"itemStyle": {"color": OVER[mode]}, "symbol": "triangle"}
    if str(figure.run_id) == at:
        point |= {"symbolSize": 14}
    return point
