"""Examples of questions before something is done."""

from collections.abc import Callable
from functools import partial
from typing import Any

import panel_material_ui as pmui
from panel.viewable import Viewable

from dashboards.components import layout
from dashboards.components.confirm import Confirm


async def _nothing() -> None:
    """Do nothing: this is an example."""


def _asking(label: str, **options: Any) -> Viewable:
    confirm = Confirm()
    text = "Its 1,234 rows go with it. Within 30 days it can be brought back."
    ask = partial(confirm.ask, "Delete the dataset?", text, "Delete", _nothing, **options)
    button = pmui.Button(label=label, variant="outlined", margin=0, on_click=lambda _: ask())
    return layout.column(button, confirm)


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "grave": lambda: _asking("Ask"),
    "with a word to type": lambda: _asking("Ask for a word", typed="sales"),
    "harmless": lambda: _asking("Ask kindly", is_grave=False),
}
