"""Composing the dashboard of performance."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import panel as pn
import panel_material_ui as pmui
import param

from dashboards.components import layout, states
from dashboards.components.face import Face
from dashboards.components.shell import Shell
from dashboards.components.stage import Stage
from dashboards.performance.state import State
from dashboards.performance.store import Measuring, Store
from dashboards.performance.views.profile import Costs, Statements
from dashboards.performance.views.standing import Standing
from dashboards.visits import Visit
from workbench.runs.budgets import Course

PATH = "/dashboards/performance"
TEXT = "What runs measure, whether they keep their budgets, and where the time goes"
REFUSED = states.State(
    "Performance is not open to you",
    "It shows what runs measured, and your role does not read runs. An owner of your company can "
    "change that.",
    states.HOME,
    "Go to Home",
)
EMPTY = states.State(
    "Nothing has been measured yet",
    "As soon as a notebook that measures something has run, its figures and budgets appear here. "
    "Start one on Home: “Where does the time go?” measures this installation.",
    states.HOME,
    "Start a notebook",
)


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the dashboard of performance for a visit."""
    return Performance(visit).page


class Performance:
    """One visit to the dashboard of performance."""

    def __init__(self, visit: Visit) -> None:
        """Compose the page; data follow once the browser has opened its socket."""
        self._store = Store(visit)
        self._state = State()
        self._courses: dict[str, Course] = {}
        self._notebook = pmui.Select(
            label="Notebook", options=[], size="small", margin=0, width=360
        )
        self._standing = Standing(self._state, self._show_metric)
        self._costs = Costs()
        self._statements = Statements()
        content = (
            layout.column(self._notebook),
            self._standing.head,
            *self._standing.parts,
            self._costs.pane,
            self._statements.pane,
        )
        self._stage = Stage(self._refresh, *content, at=PATH)
        heading = Face("heading", title="Performance", text=TEXT)
        self._shell = Shell(visit, "Performance", heading.pane, self._stage.pane, at=PATH)
        self.page = self._shell.page
        if not self._store.may_read:
            self._stage.show_state(REFUSED)
            return
        self._standing.follow(self.page)
        self._costs.follow(self.page)
        self._notebook.param.watch(self._choose, "value")
        self._state.param.watch(self._stage.refresh, "notebook")
        self._state.param.watch(self._draw, "metric")
        pn.state.onload(self._stage.refresh)

    async def _refresh(self) -> None:
        notebooks = await self._store.notebooks()
        if not notebooks:
            self._stage.show_state(EMPTY)
            return
        self._offer(notebooks)
        courses, boundary, profile = await asyncio.gather(
            self._store.courses(self._state.notebook),
            self._store.boundary(),
            self._store.profile(),
        )
        with pn.io.hold():
            self._stage.show_state(None)
            self._show(courses)
            self._costs.show(boundary)
            self._statements.show(profile)

    def _offer(self, notebooks: Sequence[Measuring]) -> None:
        names = [each.name for each in notebooks]
        with pn.io.hold(), param.parameterized.discard_events(self._state):
            if self._state.notebook not in names:
                self._state.notebook = names[0]
            self._notebook.options = {each.title: each.name for each in notebooks}
            self._notebook.value = self._state.notebook

    def _show(self, courses: Sequence[Course]) -> None:
        self._courses = {course.name: course for course in courses}
        self._standing.show(courses, datetime.now(UTC))
        self._draw()

    def _draw(self, *_events: object) -> None:
        self._standing.draw(self._courses.get(self._state.metric))

    def _choose(self, *_events: object) -> None:
        if self._notebook.value:
            self._state.notebook = self._notebook.value

    async def _show_metric(self, name: str, _action: str, _answer: str) -> None:
        self._state.metric = name
