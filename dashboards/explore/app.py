"""Composing the dashboard that asks any dataset any question."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import panel as pn
import param

from dashboards import live
from dashboards.components import layout, states
from dashboards.components.face import Face
from dashboards.components.latest import Latest
from dashboards.components.shell import Shell
from dashboards.components.stage import Stage
from dashboards.explore import choosing, picks
from dashboards.explore.figures import Known
from dashboards.explore.state import Question, State, is_bare, read
from dashboards.explore.store import PAGE, Store
from dashboards.explore.views.answer import Result
from dashboards.explore.views.form import Form
from dashboards.explore.views.row_list import RowList
from dashboards.hearing import Kind
from dashboards.visits import Visit
from workbench.errors import Invalid

PATH = "/dashboards/explore"
FILES = "/dashboards/files"
TEXT = "Ask any dataset any question, without SQL."
NOTHING = states.State(
    "No datasets yet", "Bring a file, and its rows can be explored here.", FILES, "Bring a file"
)
EMPTY = states.State(
    "No rows yet", "Bring a file for this dataset, and explore it here.", FILES, "Bring a file"
)
COLUMNS = """
:host {
  display: grid !important;
  grid-template-columns: 330px minmax(0, 1fr);
  gap: 20px;
  align-items: start;
}
@media (max-width: 1000px) { :host { display: flex !important; gap: 14px; } }
"""


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the dashboard for a visit, with the question that the address asks."""
    told = pn.state.session_args
    return Explore(visit, {name: [t.decode() for t in some] for name, some in told.items()}).page


class Explore:
    """One visit, with one question after the other."""

    def __init__(self, visit: Visit, arguments: Mapping[str, list[str]]) -> None:
        """Compose the page; data follow once the browser has opened its socket."""
        self._store = Store(visit)
        self._state = State()
        self._asked: Mapping[str, list[str]] | None = arguments
        self._datasets: list[Known] | None = None
        self._total = 0
        self._next: str | None = None
        self._form = Form.of(self._wish, is_dark=visit.screen.is_dark)
        self._choice = Face("explore_choice", datasets=[], path=PATH)
        self._result = Result(self._pick, self._sort)
        self._rows = RowList(self._turn)
        self._found = layout.stack(*self._result.parts, self._rows.pane)
        self._choice.pane.visible = False
        self._stage = Stage(self._refresh, self._choice.pane, self._found, at=PATH)
        self._page_rows = Latest(self._stage.attempting(self._refresh_rows)).ask
        columns = layout.column(self._form, self._stage.pane, css=COLUMNS)
        heading = Face("heading", title="Explore", text=TEXT)
        self._shell = Shell(visit, "Explore", heading.pane, columns, at=PATH)
        self.page = self._shell.page
        self._result.follow(self.page)
        self.page.param.watch(self._follow_scheme, "dark_theme")
        self._state.param.watch(self._stage.refresh, "question")
        live.follow(visit, {Kind.DATASETS: self._hear})
        pn.state.onload(self._stage.refresh)

    async def _hear(self, names: frozenset[str]) -> None:
        """Answer again when rows have changed that the question may be about."""
        name = self._state.question.dataset
        if not names or not name or name in names or self._store.joins(name):
            self._datasets = None
            self._store.forget()
            await self._stage.refresh()

    async def _refresh(self) -> None:
        try:
            await self._answer()
        except Invalid as error:
            with pn.io.hold():
                self._stage.show_state(unclear(error))

    async def _answer(self) -> None:
        if self._datasets is None:
            self._datasets = await self._store.datasets()
            self._form.offer(self._datasets)
        if self._asked is not None:
            await self._begin(self._asked)
            self._asked = None
        question = self._state.question
        if not question.dataset:
            self._choose(self._datasets)
            return
        self._rows.wait()
        opened = await self._store.open(question.dataset)
        answer, filters, found = await asyncio.gather(
            self._store.answer(question),
            self._store.own(question),
            self._store.rows(question, self._state.cursors[-1]),
        )
        if question is not self._state.question:
            return  # asked something else meanwhile; its answer comes next
        self._total = answer.rows
        is_empty = not answer.rows and not question.where
        with pn.io.hold():
            self._stage.show_state(EMPTY if is_empty else None)
            self._choice.pane.visible, self._found.visible = False, True
            self._form.pose(question, opened, filters)
            self._result.show(question, opened, answer)
            self._show_rows(question, opened, found)

    async def _begin(self, arguments: Mapping[str, list[str]]) -> None:
        """Take the question of an address; one that names a dataset alone gets a first one."""
        question = read(arguments)
        if question.dataset and is_bare(arguments):
            question = choosing.first(await self._store.open(question.dataset))
        with param.parameterized.discard_events(self._state):
            self._state.ask(question)

    def _choose(self, datasets: list[Known]) -> None:
        with pn.io.hold():
            self._stage.show_state(None if datasets else NOTHING)
            self._choice.show(datasets=datasets, path=PATH)
            self._choice.pane.visible, self._found.visible = True, False

    async def _wish(self, wish: Mapping[str, Any]) -> None:
        """Do what the form wishes, or say why not."""
        await self._stage.attempting(partial(self._try, wish))()

    async def _try(self, wish: Mapping[str, Any]) -> None:
        try:
            await self._grant(wish)
        except (Invalid, ValueError) as error:
            text = str(error) if isinstance(error, Invalid) else "This cannot be asked."
            self._form.said = ""
            self._form.said = text

    async def _grant(self, wish: Mapping[str, Any]) -> None:
        question = self._state.question
        match wish.get("kind"):
            case "address":
                self._asked = parse_qs(str(wish.get("search", "")).lstrip("?"))
                await self._stage.refresh()
            case "dataset":
                self._asked = {"dataset": [str(wish.get("dataset"))]}
                await self._stage.refresh()
            case "suggest":
                await self._suggest(str(wish.get("column")), str(wish.get("piece", "")))
            case kind:
                opened = await self._store.open(question.dataset)
                self._asked = None
                self._state.ask(choosing.changed(question, opened, str(kind), wish))

    async def _suggest(self, column: str, piece: str) -> None:
        found = await self._store.suggest(self._state.question.dataset, column, piece)
        self._form.suggestions = {"column": column, "values": [list(one) for one in found]}

    async def _pick(self, at: int) -> None:
        """Go down into a group: its conditions become filters, and its rows are shown."""
        question = self._state.question
        opened, key = await self._store.open(question.dataset), self._result.key(at)
        more = [
            condition
            for group, value in zip(question.by, key, strict=False)
            for condition in picks.conditions(
                opened.fields[group.column], group, value, question.zone
            )
        ]
        try:
            self._state.ask(choosing.narrowed(question, more))
        except ValueError:
            self._form.said = "There is no room for more filters; remove one first."

    async def _sort(self, column: str) -> None:
        self._state.ask(choosing.sorted_by(self._state.question, column))

    async def _turn(self, kind: str, column: str) -> None:
        if kind == "sort":
            self._state.ask(choosing.rows_by(self._state.question, column))
            return
        if kind == "previous":
            self._state.go_back()
        elif self._next is not None:
            self._state.go_on(self._next)
        await self._page_rows()

    async def _refresh_rows(self) -> None:
        self._rows.wait()
        question = self._state.question
        opened = await self._store.open(question.dataset)
        found = await self._store.rows(question, self._state.cursors[-1])
        with pn.io.hold():
            self._show_rows(question, opened, found)

    def _show_rows(self, question: Question, opened: Any, found: Any) -> None:
        self._next = found.next_cursor
        self._rows.show(
            question,
            opened,
            found.items,
            first=(len(self._state.cursors) - 1) * PAGE + 1,
            total=self._total,
            has_next=found.next_cursor is not None,
        )

    def _follow_scheme(self, *_events: object) -> None:
        self._form.is_dark = self.page.dark_theme


def unclear(error: Invalid) -> states.State:
    """The face of a question that cannot be asked; it names the column that is not there."""
    return states.State("This cannot be shown", str(error), PATH, "Ask something else")
