"""A box to search in: tells what is looked for once nobody has typed for a moment."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

HERE = Path(__file__).parent
MOST = 200  # characters


class SearchBox(JSComponent):
    """An input that `/` leads to."""

    value = param.String(default="", doc="What is looked for.")
    label = param.String(default="Search", doc="What a screen reader calls it.")
    placeholder = param.String(default="", doc="What stands in it while it is empty.")

    _esm = HERE / "search_box.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "search_box.css").read_text()]

    @classmethod
    def of(
        cls, on_search: Callable[[str], Awaitable[None]], label: str, placeholder: str = ""
    ) -> "SearchBox":
        """Make an empty box; `on_search` is awaited with what is looked for, trimmed."""
        made = cls(label=label, placeholder=placeholder, sizing_mode="stretch_width")

        async def search(message: Any) -> None:
            wanted = str(message.data.get("value", ""))[:MOST].strip()
            if wanted != made.value:
                made.value = wanted
                await on_search(wanted)

        made.on_msg(search)
        return made
