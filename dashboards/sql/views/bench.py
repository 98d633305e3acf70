"""The card with the editor: a statement, its parameters, what to do with it, and what is wrong."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards.components import layout, numbers
from dashboards.components.editor import Editor
from dashboards.components.face import Face
from dashboards.sql.state import LIMITS, Question, State
from dashboards.sql.store import Kept, Known, names
from dashboards.sql.views.examples import quoted
from dashboards.sql.views.wrong import Wrong
from workbench.datasets import sql_words
from workbench.errors import WorkbenchError

Do = Callable[..., Awaitable[None]]
NEW = "New question"
NOTE = "Ctrl+Enter runs it. You only read here: nothing that you try can change a row."
ROW = """
:host {
  flex-direction: row !important; flex-wrap: wrap; align-items: center; gap: 10px; margin-top: 14px;
}
"""
FIELDS = ":host { flex-direction: row !important; flex-wrap: wrap; gap: 12px; margin-top: 14px; }"
GAP = ":host { flex: 1; min-width: 0; }"
WEIGHTS = {"dataset": 300, "column": 200, "function": 50}


class Bench:
    """Where a statement is written; what is done with it is passed on."""

    def __init__(self, state: State, on_run: Do, on_cancel: Do, on_explain: Do, on_new: Do) -> None:
        """Make the card around an empty editor."""
        self._state = state
        self._types: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._fields: dict[str, pmui.TextInput] = {}
        self._on_run, self._on_explain = on_run, on_explain
        self._head = Face("chart_head", title=NEW, note=NOTE)
        self._editor = Editor.of(self._run_text)
        self._row = layout.column(pn.Spacer(height=0), css=FIELDS)
        self._row.visible = False
        self._wrong = Wrong(self._fix)
        self._run = _button("Run", "contained", "play_arrow", self._run_here)
        self._cancel = _button("Cancel", "outlined", "stop", on_cancel)
        self._explain = _button("Explain", "text", "account_tree", self._explain_here)
        new = _button("New", "text", "add", on_new)
        self._limit = _limit(state)
        self._cancel.visible = False
        self._running = Face("sql_running")
        self._running.pane.visible = False
        self._editor.param.watch(self._on_value, "value")
        self.actions = layout.column(
            self._run,
            self._cancel,
            self._explain,
            self._limit,
            new,
            layout.column(pn.Spacer(height=0), css=GAP),
            css=ROW,
        )
        self.parts = (
            self._head.pane,
            self._editor,
            self._row,
            self._wrong.pane,
            self.actions,
            self._running.pane,
        )

    def know(self, datasets: Sequence[Known]) -> None:
        """Complete the names of datasets and columns, and of functions."""
        words = {quoted(dataset.name): "dataset" for dataset in datasets}
        for dataset in datasets:
            for column in dataset.columns:
                words.setdefault(quoted(column.name), "column")
        for name in sorted(sql_words.FUNCTIONS):
            words.setdefault(name, "function")
        self._editor.words = [
            {"name": name, "kind": kind, "weight": WEIGHTS[kind]} for name, kind in words.items()
        ]

    def write(self, question: Question, title: str = NEW) -> None:
        """Put another statement into the editor."""
        self._types, self._values = dict(question.types), dict(question.values)
        self._editor.replace(question.sql)
        self._offer_fields()
        for name, field in self._fields.items():
            field.value = question.values.get(name, "")
        self.name(title)
        self.say_nothing()

    def insert(self, name: str) -> None:
        """Write a name where the cursor is."""
        self._editor.insert(name)

    def name(self, title: str) -> None:
        """Show which question this is."""
        self._head.show(title=title, note=NOTE)

    def show_kept(self, query: Kept) -> None:
        """Show that what stands here is kept under a name."""
        self._types = dict(query.types)
        self.name(query.name)

    def question(self, sql: str | None = None) -> Question:
        """The statement with what stands in the fields."""
        text = self._editor.value if sql is None else sql
        values = {name: field.value or "" for name, field in self._fields.items()}
        return Question(text, values, dict(self._types))

    def wait(self, *, is_running: bool) -> None:
        """Offer to cancel while a statement runs, and to run otherwise."""
        self._running.pane.visible = is_running
        self._run.disabled = self._explain.disabled = is_running
        self._cancel.visible = is_running
        self._cancel.disabled = False

    def say_cancelling(self) -> None:
        """Show that cancelling is under way."""
        self._cancel.disabled = True

    def say(self, error: WorkbenchError) -> None:
        """Say what is wrong, and mark where."""
        self._editor.marked = self._wrong.show(error)

    def say_nothing(self) -> None:
        """Take back what was wrong before."""
        self._wrong.hide()
        self._editor.marked = {}

    async def _run_text(self, text: str) -> None:
        await self._on_run(self.question(text))

    async def _run_here(self, *_events: object) -> None:
        await self._on_run(self.question())

    async def _explain_here(self, *_events: object) -> None:
        await self._on_explain(self.question())

    def _fix(self, name: str) -> None:
        self._editor.amend(quoted(name))
        self._wrong.hide()

    def _on_value(self, *_events: object) -> None:
        self._wrong.hide()
        self._offer_fields()

    def _offer_fields(self) -> None:
        wanted = names(self._editor.value)
        if wanted == list(self._fields):
            return
        self._values |= {name: field.value or "" for name, field in self._fields.items()}
        self._fields = {
            name: self._fields.get(name) or _field(name, self._values.get(name, ""))
            for name in wanted
        }
        with pn.io.hold():
            if self._fields:
                self._row[:] = list(self._fields.values())
            self._row.visible = bool(self._fields)


def _field(name: str, value: str) -> pmui.TextInput:
    return pmui.TextInput(
        label=name, value=value, placeholder=f":{name}", width=200, size="small", margin=0
    )


def _button(label: str, variant: str, icon: str, on_click: Do) -> pmui.Button:
    shown: dict[str, Any] = {"label": label, "variant": variant, "icon": icon, "margin": 0}
    return pmui.Button(on_click=on_click, **shown)


def _limit(state: State) -> pmui.Select:
    options = {f"{numbers.count(limit)} rows at most": limit for limit in LIMITS}
    choice = pmui.Select(
        options=options, value=state.limit, size="small", width=210, margin=0, label="Answer"
    )

    def choose(event: Any) -> None:
        state.limit = event.new

    choice.param.watch(choose, "value")
    return choice
