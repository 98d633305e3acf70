"""An editor of SQL: Ace, as it lies in Panel's own files, so that no other host is asked."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent
from panel.models.ace import AcePlot

HERE = Path(__file__).parent
# Such as `/static/extensions/panel/bundled/aceplot/ace-builds@1.40.1/src-min-noconflict`.
ACE = "/" + AcePlot.__javascript__[0].rpartition("/")[0].lstrip("/")
MAX_TEXT = 100_000


class Editor(JSComponent):
    """A text with line numbers; names are completed, and a place can be marked as wrong."""

    value = param.String(default="", doc="The text, a moment after it was typed.")
    label = param.String(default="SQL statement", doc="What the text is, for screen readers.")
    words = param.List(default=[], doc="Names that are completed: `name`, `kind`, `weight`.")
    marked = param.Dict(default={}, doc="`line`, `column`, `length`, `message`; empty for none.")
    assets = param.String(default=ACE, constant=True, doc="Where the files of Ace lie.")

    _esm = HERE / "editor.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "editor.css").read_text()]

    @classmethod
    def of(cls, on_run: Callable[[str], Awaitable[None]]) -> "Editor":
        """Make an editor in which Ctrl+Enter passes the text on."""
        editor = cls(sizing_mode="stretch_width", margin=0)

        async def told(message: Any) -> None:
            text = message.data.get("text")
            if message.data.get("kind") == "run" and isinstance(text, str):
                await on_run(text[:MAX_TEXT])

        editor.on_msg(told)
        return editor

    def insert(self, text: str) -> None:
        """Write a text where the cursor is, and go on typing there."""
        self._send_msg({"kind": "insert", "text": text})

    def amend(self, text: str) -> None:
        """Write a text over the place that is marked."""
        self._send_msg({"kind": "amend", "text": text})

    def replace(self, text: str) -> None:
        """Write another text; the one before comes back with Ctrl+Z."""
        self.value = text
        self._send_msg({"kind": "replace", "text": text})
