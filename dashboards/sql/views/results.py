"""What a statement answered: rows, a drawing, a file, and the plan when it was asked for."""

from collections.abc import Awaitable, Callable

import panel_material_ui as pmui

from dashboards.components import layout, numbers, plan_tree
from dashboards.components.chart import Chart
from dashboards.components.download import Download
from dashboards.components.face import Face
from dashboards.components.grid import Grid
from dashboards.sql.state import Question
from dashboards.sql.store import given
from dashboards.sql.views import cells, charts
from workbench.datasets.sql import SqlResult
from workbench.datasets.sql_plan import Plan

GAP = ":host { gap: 12px; }"
NO_EXPORT = "Your role does not include downloads; ask an owner of your company."
NO_EXPLAIN = "A plan cannot be downloaded."


class Results:
    """Cards under the editor; each is there only when there is something in it."""

    def __init__(self, on_measure: Callable[..., Awaitable[None]], *, may_export: bool) -> None:
        """Make the cards, which are hidden."""
        self._may_export = may_export
        self._head = Face("chart_head", title="Answer", note="")
        self._grid = Grid(sizing_mode="stretch_width", margin=0)
        self._download = Download(sizing_mode="stretch_width", margin=0)
        inside = layout.column(
            self._grid, self._download, css=":host { gap: 14px; margin-top: 12px; }"
        )
        self._answer = layout.card(self._head.pane, inside)
        self._chart = Chart("Chart", "", height=300)
        self._plan_head = Face("chart_head", title="Plan", note="")
        self._tree = plan_tree.tree()
        self._measure = pmui.Button(
            label="Run and measure", variant="outlined", on_click=on_measure, margin=(12, 0, 6, 0)
        )
        self._plan = layout.card(self._plan_head.pane, self._tree.pane, self._measure)
        self.parts = (self._plan, self._answer, self._chart.pane)
        self.hide()

    def follow(self, page: pmui.Page) -> None:
        """Draw in the colours of the page."""
        self._chart.follow(page)

    def hide(self) -> None:
        """Show nothing."""
        for part in self.parts:
            part.visible = False

    def show(self, question: Question, result: SqlResult) -> None:
        """Show an answer."""
        self._plan.visible = False
        self._answer.visible = True
        self._head.show(title="Answer", note=counted(result))
        self._grid.empty = "No row fits. Look at the conditions of the statement."
        self._grid.fill(cells.headings(result), cells.texts(result))
        self._download.param.update(
            sql=question.sql, parameters=given(question), refusal=self._refusal(result)
        )
        found = charts.plot(result)
        self._chart.pane.visible = found is not None
        if found is not None:
            self._chart.name(found.note)
            self._chart.draw(lambda mode: charts.option(found, mode))

    def show_plan(self, plan: Plan) -> None:
        """Show how PostgreSQL would run a statement, or did."""
        self._answer.visible = self._chart.pane.visible = False
        self._plan.visible = True
        shown = plan_tree.shown(plan)
        self._plan_head.show(title="Plan", note=shown["note"])
        self._tree.show(**shown)
        self._measure.visible = plan.execution_ms is None

    def _refusal(self, result: SqlResult) -> str:
        if not self._may_export:
            return NO_EXPORT
        return NO_EXPLAIN if result.columns == ["QUERY PLAN"] else ""


def counted(result: SqlResult) -> str:
    """How many rows an answer has, and how long it took."""
    count = len(result.rows)
    rows = f"{numbers.count(count)} {'row' if count == 1 else 'rows'}"
    if result.truncated:
        rows = f"The first {rows}; there are more"
    said = f"{rows}, {numbers.milliseconds(result.elapsed_ms)}"
    has_times = any(cells.is_time(values) for values in cells.columns(result))
    return f"{said}. Times are in UTC." if has_times else said
