"""Starting a notebook: a small form made of its declared parameters."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards.components import layout
from dashboards.components.face import Face
from dashboards.home.state import State
from workbench.notebooks import Notebook
from workbench.notebooks.kinds import Date, Kind
from workbench.notebooks.parameters import Range
from workbench.notebooks.terms import title

Start = Callable[[str, dict[str, Any]], Awaitable[None]]
CONTROLS = {"boolean": pmui.Switch, "integer": pmui.IntInput, "number": pmui.FloatInput}
NONE = "–"
WIDE: dict[str, Any] = {"sizing_mode": "stretch_width", "margin": 0}
DATE = ".MuiFormControl-root { width: 100%; }"  # Material makes it narrower
FIELDS = ":host { gap: 16px; }"
FORM = ":host { gap: 14px; margin-top: 20px; }"


class Starter:
    """Chooses a notebook, asks for its parameters, and starts it."""

    def __init__(self, state: State, start: Start) -> None:
        """Make the form; it can be used once there are notebooks."""
        self._state = state
        self._start = start
        self._notebooks: dict[str, Notebook] = {}
        self._datasets: Sequence[str] = ()
        self._fields: dict[str, Any] = {}
        self._about = Face("chart_head", title="Run a notebook", note="")
        self._choice = pmui.Select(label="Notebook", options={}, visible=False, **WIDE)
        self._form = layout.column(pn.Spacer(height=0), css=FIELDS)
        self._button = pmui.Button(
            label="Start", variant="contained", icon="play_arrow", disabled=True, **WIDE
        )
        self._said = Face("said", text="", is_wrong=False)
        self._button.on_click(self._on_click)
        self._choice.param.watch(self._on_choice, "value")
        form = layout.column(self._choice, self._form, self._button, self._said.pane, css=FORM)
        self.pane = layout.card(self._about.pane, form)

    def offer(self, notebooks: Sequence[Notebook], datasets: Sequence[str] = ()) -> None:
        """Offer these notebooks, and datasets to choose; without any there is nothing to start."""
        self._datasets = datasets
        self._notebooks = {notebook.name: notebook for notebook in notebooks}
        self._choice.options = {notebook.title: notebook.name for notebook in notebooks}
        self._choice.visible = len(notebooks) > 1
        self._button.disabled = not notebooks
        if notebooks:
            self._choice.value = notebooks[0].name
            self._on_choice()
        else:
            self._about.show(title="Run a notebook", note="There is no notebook to start yet.")

    def say(self, text: str, *, is_wrong: bool) -> None:
        """Say how starting went."""
        self._said.show(text=text, is_wrong=is_wrong)

    def _on_choice(self, *_events: object) -> None:
        notebook = self._notebooks[self._choice.value]
        self._state.notebook = notebook.name
        note = f"{notebook.question} {notebook.description}".strip()
        self._about.show(title=notebook.title, note=note)
        self._fields = {
            name: field(name, kind, self._datasets) for name, kind in notebook.parameters.items()
        }
        self._form[:] = list(self._fields.values())

    async def _on_click(self, *_events: object) -> None:
        self._button.loading = True
        try:
            await self._start(self._state.notebook, self._parameters())
        finally:
            self._button.loading = False

    def _parameters(self) -> dict[str, Any]:
        kinds = self._notebooks[self._state.notebook].parameters
        return {name: value(control, kinds[name]) for name, control in self._fields.items()}


def field(name: str, kind: Kind, datasets: Sequence[str] = ()) -> Any:
    """The control for one parameter, by its kind; a dataset is chosen among those that there are.

    What has no control of its own is written: a list with commas, a range as `from..to`.
    """
    shown = {"label": title(name, kind) + (f" ({kind.unit})" if kind.unit else "")} | WIDE
    shown |= {"description": kind.description} if kind.description else {}
    known = getattr(kind, "choices", ()) or (datasets if kind.kind == "dataset" else ())
    if known:
        chosen = kind.default if kind.default in known or kind.optional else known[0]
        options = [*([None] if kind.optional else []), *known]
        return pmui.Select(
            options={NONE if o is None else str(o): o for o in options}, value=chosen, **shown
        )
    if isinstance(kind, Date):
        given = {"start": kind.minimum, "end": kind.maximum}
        chosen = date.fromisoformat(str(kind.default)) if kind.default else None
        return pmui.DatePicker(value=chosen, stylesheets=[DATE], **given, **shown)
    if kind.kind in CONTROLS:
        return CONTROLS[kind.kind](value=kind.default, **_bounds(kind), **shown)
    return pmui.TextInput(value=_written(kind.default, kind), **shown)


def value(control: Any, kind: Kind) -> Any:
    """What a control holds, as JSON; the notebook's contract checks it."""
    held = control.value
    if isinstance(held, date):
        return held.isoformat()
    if isinstance(held, str):
        return None if kind.optional and not held else kind.read(held)
    return held


def _written(default: Any, kind: Kind) -> str:
    if isinstance(default, list):
        return (".." if isinstance(kind, Range) else ", ").join(str(part) for part in default)
    return "" if default is None else str(default)


def _bounds(kind: Kind) -> dict[str, Any]:
    bounds = {"start": getattr(kind, "minimum", None), "end": getattr(kind, "maximum", None)}
    return {name: bound for name, bound in bounds.items() if bound is not None}
