"""A question before something is done that matters: what will happen, and the two ways on."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

HERE = Path(__file__).parent
Do = Callable[[], Awaitable[None]]


class Confirm(JSComponent):
    """A dialog of the page, closed until it is asked; what is confirmed is done once."""

    title = param.String(default="", doc="The question.")
    text = param.String(default="", doc="What will happen, in a sentence.")
    action = param.String(default="", doc="What the button that does it says.")
    typed = param.String(default="", doc="What has to be typed before; empty for nothing.")
    is_grave = param.Boolean(default=True, doc="Whether something is lost by it.")
    asked = param.Integer(default=0, doc="How often it was asked; each time opens the dialog.")

    _esm = HERE / "confirm.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "confirm.css").read_text()]

    def __init__(self, **params: Any) -> None:
        """Ask nothing yet."""
        super().__init__(**params)
        self._do: Do | None = None
        self.on_msg(self._answer)

    def ask(
        self, title: str, text: str, action: str, do: Do, *, typed: str = "", is_grave: bool = True
    ) -> None:
        """Ask, and await `do` once somebody says yes; `typed` must be typed before."""
        self._do = do
        self.param.update(
            title=title,
            text=text,
            action=action,
            typed=typed,
            is_grave=is_grave,
            asked=self.asked + 1,
        )

    async def _answer(self, message: Any) -> None:
        """Do what was asked, unless it was another question."""
        if message.data.get("asked") != self.asked or self._do is None:
            return
        do, self._do = self._do, None
        if message.data.get("answer") == "yes" and message.data.get("typed", "") == self.typed:
            await do()
