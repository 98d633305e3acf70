"""Keeping a question: its name, whether the tenant may use it, and taking it away again."""

from collections.abc import Awaitable, Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards.components import layout
from dashboards.components.face import Face
from dashboards.sql.store import Kept

Do = Callable[..., Awaitable[None]]
FORM = """
:host {
  gap: 14px; margin-top: 16px; padding-top: 16px;
  border-top: 1px solid var(--mui-palette-divider);
}
"""
ROW = ":host { flex-direction: row !important; flex-wrap: wrap; align-items: center; gap: 10px; }"


class Saving:
    """A form that opens under the editor; what is to be done is passed on."""

    def __init__(self, on_save: Do, on_change: Do, on_delete: Do, on_restore: Do) -> None:
        """Make a form that is closed."""
        self._kept: Kept | None = None
        self._save, self._change = on_save, on_change
        self._name = pmui.TextInput(
            label="Name",
            placeholder="Late flights of a day",
            size="small",
            max_width=440,
            margin=0,
            sizing_mode="stretch_width",
        )
        self._shared = pmui.Switch(label="Share it with your colleagues", margin=0)
        self._keep = _button("Save", "contained", self._on_keep)
        self._anew = _button("Save as a new one", "outlined", self._on_anew)
        self._delete = _button("Delete", "text", on_delete, color="error")
        self._close = _button("Close", "text", self.close)
        buttons = layout.column(self._keep, self._anew, self._delete, self._close, css=ROW)
        self._form = layout.column(self._name, self._shared, buttons, css=FORM)
        self._form.visible = False
        self._said = Face("said", text="", is_wrong=False)
        self._undo = _button("Undo", "outlined", on_restore)
        self._undo.visible = False
        self.open = _button("Save", "outlined", self._on_open, icon="bookmark_border")
        told = layout.column(
            self._said.pane, self._undo, css=":host { gap: 8px; margin-top: 12px; }"
        )
        self.pane = layout.column(self._form, told)

    def show(self, kept: Kept | None) -> None:
        """Offer what can be done with the question that is open."""
        self._kept = kept
        is_own = kept is not None and kept.is_own
        self._name.value = "" if kept is None else kept.name if is_own else f"My {kept.name}"
        self._shared.value = is_own and kept is not None and kept.is_shared
        self._keep.label = "Save changes" if is_own else "Save"
        self._anew.visible = self._delete.visible = is_own

    def say(self, text: str, *, is_wrong: bool = False, may_undo: bool = False) -> None:
        """Say how it went, and offer to take it back."""
        self._said.show(text=text, is_wrong=is_wrong)
        self._undo.visible = may_undo

    def close(self, *_events: object) -> None:
        """Close the form."""
        self._form.visible = False

    async def _on_open(self, *_events: object) -> None:
        with pn.io.hold():
            self.say("")
            self._form.visible = not self._form.visible

    async def _on_keep(self, *_events: object) -> None:
        is_own = self._kept is not None and self._kept.is_own
        await self._tell(self._change if is_own else self._save)

    async def _on_anew(self, *_events: object) -> None:
        await self._tell(self._save)

    async def _tell(self, do: Do) -> None:
        # What stands in a field reaches the server with each key, `value` only when it is left.
        name = (self._name.value_input or self._name.value or "").strip()
        if not name:
            self.say("Give it a name first.", is_wrong=True)
            return
        await do(name, self._shared.value)


def _button(label: str, variant: str, on_click: Any, **more: Any) -> pmui.Button:
    return pmui.Button(label=label, variant=variant, on_click=on_click, margin=0, **more)
