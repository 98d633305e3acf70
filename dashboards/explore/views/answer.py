"""The answer: the question in words with its one figure, the drawing, and the figures."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import panel_material_ui as pmui

from dashboards.components import numbers
from dashboards.components.chart import Chart
from dashboards.components.face import Face
from dashboards.components.layout import card
from dashboards.components.table import Heading, Table
from dashboards.explore.figures import Answer, Opened, kind_of
from dashboards.explore.state import COUNT, Question
from dashboards.explore.views import charts, texts
from dashboards.explore.views.charts import Drawn

LINES = 15
HINT = "Click a bar, a point or a name to see its rows alone"
Pick = Callable[[int], Awaitable[None]]
Sorting = Callable[[str], Awaitable[None]]


class Result:
    """One figure, one drawing, one table."""

    def __init__(self, on_pick: Pick, on_sort: Sorting) -> None:
        """Make them empty; picking a group and sorting are passed on."""
        self._on_pick, self._on_sort = on_pick, on_sort
        self._drawn: Drawn | None = None
        self._first = 0
        self._head = Face("explore_answer", is_loading=True, title="", value="", note="")
        self._chart = Chart("", HINT)
        self._chart.listen(self._clicked)
        self._table = Table.of((), self._wish, on_pick=self._named)
        self._figures = card(Face("chart_head", title="Figures", note="").pane, self._table)
        self.parts = (self._head.pane, self._chart.pane, self._figures)

    def follow(self, page: pmui.Page) -> None:
        """Draw in the colours of the page."""
        self._chart.follow(page)

    def show(self, question: Question, opened: Opened, answer: Answer) -> None:
        """Show an answer."""
        drawn = self._drawn = Drawn(question, opened.fields, answer)
        self._first = 0
        title = texts.question(question, opened)
        measured = texts.measure(question.show, opened.fields)
        figure = texts.figure(question.show, opened.fields, answer.value, question.zone)
        self._head.show(
            is_loading=False, title=measured, value=figure, note=note(question, opened, answer)
        )
        kind = kind_of(question, opened.fields)
        has_cells = bool(answer.cells)
        self._figures.visible = has_cells
        self._chart.pane.visible = has_cells and kind != "table" and _is_drawable(answer)
        if self._chart.pane.visible:
            self._chart.entitle(_title(title, answer), HINT)
            self._chart.size(charts.height(drawn, kind))
            self._chart.draw(partial(charts.draw, drawn, kind))
        if has_cells:
            self._show_table()

    def _show_table(self) -> None:
        drawn = self._drawn
        if drawn is None:
            return
        question, cells = drawn.question, drawn.answer.cells
        groups = [
            Heading(f"key{place}", texts.group(group, drawn.fields))
            for place, group in enumerate(question.by)
        ]
        measured = Heading("value", texts.measure(question.show, drawn.fields), is_number=True)
        headings = (*groups, measured, Heading("rows", "Rows", is_number=True))
        if question.show == COUNT:
            headings = headings[:-1]
        shown = cells[self._first : self._first + LINES]
        last = self._first + len(shown)
        more = " (there are more; choose how many to sort out)" if drawn.answer.is_cut else ""
        groups_ = "group" if len(cells) == 1 else "groups"
        self._table.head(headings)
        self._table.param.update(
            rows=[
                [
                    *(drawn.name(place, key) for place, key in enumerate(cell.key)),
                    drawn.figure(cell),
                    numbers.count(cell.rows),
                ][: len(headings)]
                for cell in shown
            ],
            label=numbers.span(self._first + 1, last - self._first, len(cells), groups_) + more,
            order="",
            has_previous=self._first > 0,
            has_next=last < len(cells),
            is_loading=False,
        )

    async def _wish(self, kind: str, column: str) -> None:
        if kind == "sort":
            await self._on_sort(column)
            return
        self._first = max(0, self._first + (LINES if kind == "next" else -LINES))
        self._show_table()

    async def _named(self, row: int) -> None:
        await self._picked(self._first + row)

    async def _clicked(self, data: Mapping[str, Any]) -> None:
        at = data.get("cell")
        if isinstance(at, int):
            await self._picked(at)

    async def _picked(self, at: int) -> None:
        if self._drawn is not None and 0 <= at < len(self._drawn.answer.cells):
            await self._on_pick(at)

    def key(self, at: int) -> tuple[Any, ...]:
        """The key of a group that is shown."""
        return self._drawn.answer.cells[at].key if self._drawn else ()


def note(question: Question, opened: Opened, answer: Answer) -> str:
    """Of how many rows a figure is, and which."""
    rows = "row" if answer.rows == 1 else "rows"
    said = f"of {numbers.count(answer.rows)} {rows} of {opened.title}"
    where = [
        texts.condition(opened.fields[found.column], found, question.zone)
        for found in question.where
    ]
    if not answer.rows:
        return "No row fits these filters; remove one to see more."
    return f"{said} where {'; '.join(where)}" if where else f"{said}, all there are"


def _title(title: str, answer: Answer) -> str:
    firsts = len({cell.key[0] for cell in answer.cells})
    return f"{title}, the first {numbers.count(firsts)}" if answer.is_cut else title


def _is_drawable(answer: Answer) -> bool:
    """Whether there is a number to draw; the smallest day, say, is none."""
    return any(
        isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
        for cell in answer.cells
    )
