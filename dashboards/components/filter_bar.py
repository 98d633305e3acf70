"""The filters that apply, as chips: what each says, and a way to take it off again."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

HERE = Path(__file__).parent
ALL = ""


class FilterBar(JSComponent):
    """Chips of texts; shown as text, whatever they contain."""

    chips = param.List(default=[], doc="Each with a `key` and a `text`.")
    empty = param.String(default="No filters", doc="What is said when none applies.")

    _esm = HERE / "filter_bar.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "filter_bar.css").read_text()]

    @classmethod
    def of(cls, on_remove: Callable[[str], Awaitable[None]]) -> "FilterBar":
        """Make an empty bar; `on_remove` is awaited with a chip's key, or "" for all of them."""
        made = cls(sizing_mode="stretch_width")

        async def remove(message: Any) -> None:
            key = message.data.get("key")
            if key == ALL or key in {chip["key"] for chip in made.chips}:
                await on_remove(str(key))

        made.on_msg(remove)
        return made

    def fill(self, chips: Sequence[tuple[str, str]]) -> None:
        """Show other filters, each a key and a text."""
        self.chips = [{"key": key, "text": text} for key, text in chips]
