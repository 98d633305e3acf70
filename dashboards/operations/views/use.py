"""The use over time in a card, with a choice of how far back."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

import panel_material_ui as pmui

from dashboards.components import numbers
from dashboards.components.chart import Chart
from dashboards.operations.state import State
from dashboards.operations.views import charts
from workbench.operations.schemas import DayUse

CHOICES = {"7 days": 7, "30 days": 30, "90 days": 90}
TITLE = "How much is the platform used?"


class Use:
    """Runs and loaded rows day by day."""

    def __init__(self, state: State) -> None:
        """Make an empty chart."""
        self._chart = Chart(TITLE, "Runs that were ordered and rows that were loaded", height=320)
        self._choice = pmui.RadioButtonGroup(
            options=CHOICES, value=state.days, size="small", margin=(12, 0, 4, 0), width=270
        )
        self._choice.param.watch(lambda event: state.param.update(days=event.new), "value")
        self._chart.pane.insert(1, self._choice)
        self.pane = self._chart.pane

    def follow(self, page: Any) -> None:
        """Draw in the colours of the page."""
        self._chart.follow(page)

    def show(self, found: Sequence[DayUse], last: date, count: int) -> None:
        """Show so many days up to the last."""
        days = charts.by_day(found, last, count)
        runs, rows = sum(day.good + day.failed for day in days), sum(day.rows for day in days)
        failed = sum(day.failed for day in days)
        note = f"{numbers.count(runs)} runs, {numbers.count(failed)} of them failed, and "
        self._chart.name(f"{note}{numbers.count(rows)} rows loaded, day by day in UTC")
        self._chart.draw(partial(charts.use, days))
