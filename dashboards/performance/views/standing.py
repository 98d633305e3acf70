"""How the figures of a notebook stand: budgets, what became worse, and one of them over time."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import panel_material_ui as pmui

from dashboards.components import layout, numbers
from dashboards.components.chart import Chart
from dashboards.components.face import Face
from dashboards.components.roster import Action, Cell, Column, Do, Roster, Row
from dashboards.performance.state import State
from dashboards.performance.views import charts
from workbench.runs.budgets import LEAST, SLOWER, Course, Point, worst_first

REPORT = "/api/v1/runs/{}/report"
LABELS = ("Budgets met", "Budgets missed", "Worse than before", "Runs compared", "Last run")
SHOW = Action("show", "Over time")
BUDGETS = (
    Column("Figure"),
    Column("Now", is_number=True),
    Column("Budget", is_number=True),
    Column("Share of its budget"),
    Column("Last good run"),
)
WORSE = (
    Column("Figure"),
    Column("Now", is_number=True),
    Column("Median before", is_number=True),
    Column("Change", is_number=True),
    Column("Last good run"),
)
NO_BUDGETS = (
    "No budget is declared",
    "A notebook gives a figure one with run.metric(…, budget=…), or in its contract.",
)
NOT_WORSE = (f"Nothing is {SLOWER:g} times what it was", "Compared with the last good runs.")


class Standing:
    """Headline numbers, what became worse, budgets, and a figure over time."""

    def __init__(self, state: State, on_do: Do) -> None:
        """Show that everything is on its way."""
        waiting = [{"label": label, "value": "00", "note": " "} for label in LABELS]
        self._state = state
        self._kpis = Face("kpis", figures=waiting, is_loading=True)
        worse = Face(
            "chart_head",
            title="What became worse?",
            note="Against the median of up to five good runs before, with the same parameters",
        )
        held = Face(
            "chart_head",
            title="Which budgets are kept?",
            note="What takes most of its budget comes first",
        )
        self._worse = Roster.of("What became worse", WORSE, empty=NOT_WORSE, on_do=on_do)
        self._budgets = Roster.of("Budgets", BUDGETS, empty=NO_BUDGETS, on_do=on_do)
        self._chart = Chart("How did it go from run to run?", " ", height=300)
        self._metric = pmui.Select(
            label="Figure", options=[], size="small", margin=(14, 0, 4, 0), width=280
        )
        self._metric.param.watch(self._choose, "value")
        self._chart.pane.insert(1, self._metric)
        self.head = self._kpis.pane
        self.parts = (
            layout.card(worse.pane, self._worse),
            self._chart.pane,
            layout.card(held.pane, self._budgets),
        )

    def follow(self, page: pmui.Page) -> None:
        """Draw in the colours of the page."""
        self._chart.follow(page)

    def show(self, courses: Sequence[Course], at: datetime) -> None:
        """Show how the figures stand."""
        held = worst_first(courses)
        worse = sorted(
            (course for course in courses if course.is_worse), key=lambda c: -(c.change or 0)
        )
        self._kpis.show(figures=headlines(courses, at), is_loading=False)
        self._budgets.fill([budget(course, at) for course in held])
        self._worse.fill([_worse(course, at) for course in worse])
        if courses and not any(course.median is not None for course in courses):
            self._worse.param.update(
                empty_title="There is too little to compare with",
                empty_text=f"{LEAST} good runs with the same parameters are needed first.",
            )
        else:
            self._worse.param.update(empty_title=NOT_WORSE[0], empty_text=NOT_WORSE[1])
        # What deserves a look first is drawn first.
        names = [course.name for course in (*worse, *held)]
        order = [*dict.fromkeys([*names, *(course.name for course in courses)])]
        self._metric.options = {name.replace("_", " "): name for name in order}
        if self._state.metric not in order:
            self._state.metric = order[0] if order else ""
        self._metric.value = self._state.metric

    def draw(self, course: Course | None) -> None:
        """Draw a figure over time."""
        if course is None:
            return
        self._metric.value = course.name
        kept = (
            "" if course.last.budget is None else f", at most {_value(course.last.budget, course)}"
        )
        runs = f"{len(course.points)} runs with the same parameters"
        self._chart.name(f"{course.name.replace('_', ' ')}{kept}; {runs}")
        self._chart.draw(partial(charts.over_time, course))

    def _choose(self, *_events: object) -> None:
        if self._metric.value:
            self._state.metric = self._metric.value


def headlines(courses: Sequence[Course], at: datetime) -> list[dict[str, str]]:
    """The headline numbers with what they mean."""
    held = [course for course in courses if course.last.budget is not None]
    over = [course for course in held if course.last.is_over]
    worse = [course for course in courses if course.is_worse]
    runs = max((len(course.points) for course in courses), default=0)
    last = max((course.last.at for course in courses), default=None)
    status = courses[0].last.status if courses else ""
    values = (
        (f"{len(held) - len(over)} of {len(held)}" if held else numbers.NOTHING, "of the last run"),
        (numbers.count(len(over)), ", ".join(c.name for c in over)[:60] or "none"),
        (numbers.count(len(worse)), f"by {SLOWER:g} times or more"),
        (numbers.count(runs), "with the same parameters"),
        (numbers.ago(last, at), status.replace("_", " ")),
    )
    return [
        {"label": label, "value": value, "note": note}
        for label, (value, note) in zip(LABELS, values, strict=True)
    ]


def budget(course: Course, at: datetime) -> Row:
    """A budget as the list shows it."""
    is_over = course.last.is_over
    share = course.share
    return Row(
        course.name,
        (
            Cell(
                course.name.replace("_", " "),
                chip="Missed" if is_over else "Met",
                tone="broken" if is_over else "well",
            ),
            Cell(_value(course.last.value, course), link=REPORT.format(course.last.run_id)),
            Cell(_value(course.last.budget or 0, course)),
            Cell(
                numbers.NOTHING if share is None else f"{share:.0%}",
                share=share,
                is_full=is_over,
            ),
            _good(course.last_good, course, at),
        ),
        (SHOW,),
    )


def _worse(course: Course, at: datetime) -> Row:
    return Row(
        course.name,
        (
            Cell(course.name.replace("_", " ")),
            Cell(_value(course.last.value, course), link=REPORT.format(course.last.run_id)),
            Cell(_value(course.median or 0, course)),
            Cell(f"{course.change or 0:.1f} ×"),
            _good(course.last_good, course, at),
        ),
        (SHOW,),
    )


def _good(point: Point | None, course: Course, at: datetime) -> Cell:
    if point is None:
        return Cell("None is known")
    commit = f", commit {point.commit[:10]}" if point.commit else ""
    note = f"{numbers.ago(point.at, at)}{commit}"
    return Cell(_value(point.value, course), note=note, link=REPORT.format(point.run_id))


def _value(value: float, course: Course) -> str:
    written = f"{value:,.0f}" if value == round(value) else f"{value:,.3g}"
    return f"{written} {course.unit}" if course.unit else written
