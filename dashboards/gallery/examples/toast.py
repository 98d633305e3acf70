"""Examples of what is said for a moment."""

from collections.abc import Callable
from typing import Any

import panel_material_ui as pmui
from panel.viewable import Viewable

from dashboards.components import layout
from dashboards.components.toast import Toast


async def _nothing() -> None:
    """Do nothing: this is an example."""


def _saying(label: str, text: str, **options: Any) -> Viewable:
    toast = Toast()
    button = pmui.Button(
        label=label,
        variant="outlined",
        margin=0,
        on_click=lambda _: toast.say(text, **options),
    )
    return layout.column(button, toast)


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "well": lambda: _saying("Say it", "Kept."),
    "with a way back": lambda: _saying("Delete", "The query was deleted.", undo=_nothing),
    "wrong": lambda: _saying("Fail", "It could not be kept. Try again.", is_wrong=True),
}
