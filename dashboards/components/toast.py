"""A toast: says for a moment what was done, and offers to take it back."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

HERE = Path(__file__).parent
Do = Callable[[], Awaitable[None]]


class Toast(JSComponent):
    """The last message at the edge of the page; it goes by itself, but not under a pointer."""

    text = param.String(default="", doc="What happened.")
    is_wrong = param.Boolean(default=False, doc="Whether something did not succeed.")
    can_undo = param.Boolean(default=False, doc="Whether it can be taken back.")
    seconds = param.Number(default=8, doc="How long it stays; 0 for until it is closed.")
    said = param.Integer(default=0, doc="How often something was said; each time shows it.")

    _esm = HERE / "toast.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "toast.css").read_text()]

    def __init__(self, **params: Any) -> None:
        """Say nothing yet."""
        super().__init__(**params)
        self._undo: Do | None = None
        self.on_msg(self._answer)

    def say(self, text: str, *, is_wrong: bool = False, undo: Do | None = None) -> None:
        """Say what happened; `undo` takes it back, and is offered for as long as it is shown."""
        self._undo = undo
        self.param.update(
            text=text, is_wrong=is_wrong, can_undo=undo is not None, said=self.said + 1
        )

    async def _answer(self, message: Any) -> None:
        """Take back what was said last, once."""
        if message.data.get("said") != self.said or self._undo is None:
            return
        undo, self._undo = self._undo, None
        await undo()
