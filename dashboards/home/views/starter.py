"""Starting a notebook: a small form made of its declared parameters."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards.components import layout
from dashboards.components.face import Face
from dashboards.home.state import State
from workbench.notebooks import Notebook

Start = Callable[[str, dict[str, Any]], Awaitable[None]]
CONTROLS = {"boolean": pmui.Switch, "integer": pmui.IntInput, "number": pmui.FloatInput}
WIDE: dict[str, Any] = {"sizing_mode": "stretch_width", "margin": 0}
FIELDS = ":host { gap: 16px; }"
FORM = ":host { gap: 14px; margin-top: 20px; }"


class Starter:
    """Chooses a notebook, asks for its parameters, and starts it."""

    def __init__(self, state: State, start: Start) -> None:
        """Make the form; it can be used once there are notebooks."""
        self._state = state
        self._start = start
        self._notebooks: dict[str, Notebook] = {}
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

    def offer(self, notebooks: Sequence[Notebook]) -> None:
        """Offer these notebooks; without any there is nothing to start."""
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
        self._about.show(title=notebook.title, note=notebook.description)
        self._fields = {name: field(name, rule) for name, rule in notebook.parameters.items()}
        self._form[:] = list(self._fields.values())

    async def _on_click(self, *_events: object) -> None:
        self._button.loading = True
        try:
            await self._start(self._state.notebook, self._parameters())
        finally:
            self._button.loading = False

    def _parameters(self) -> dict[str, Any]:
        rules = self._notebooks[self._state.notebook].parameters
        return {name: value(control, rules[name]) for name, control in self._fields.items()}


def field(name: str, rule: Mapping[str, Any]) -> Any:
    """The control for one parameter, by its JSON Schema."""
    shown = {"label": rule.get("title") or name.replace("_", " ").capitalize()} | WIDE
    shown |= {"description": rule["description"]} if "description" in rule else {}
    default = rule["default"]
    if "enum" in rule:
        return pmui.Select(options=list(rule["enum"]), value=default, **shown)
    if rule["type"] == "array":
        default = ", ".join(str(part) for part in default)
    if rule.get("format") == "date":
        chosen = date.fromisoformat(default) if default else None
        return pmui.DatePicker(value=chosen, **shown)
    control = CONTROLS.get(rule["type"], pmui.TextInput)
    return control(value=default, **_bounds(rule), **shown)


def value(control: Any, rule: Mapping[str, Any]) -> Any:
    """What a control holds, as JSON; the notebook's contract checks it."""
    if rule["type"] == "array":
        return [part.strip() for part in control.value.split(",") if part.strip()]
    return control.value.isoformat() if isinstance(control.value, date) else control.value


def _bounds(rule: Mapping[str, Any]) -> dict[str, Any]:
    names = {"minimum": "start", "maximum": "end"}
    return {ours: rule[theirs] for theirs, ours in names.items() if theirs in rule}
