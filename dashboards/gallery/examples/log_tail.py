"""Examples of the end of what is printed."""

from collections.abc import Callable
from typing import Any

from panel.viewable import Viewable

from dashboards.components.log_tail import LogTail

TEXT = "\n".join(f"read month {month} of 2013: <b>done</b>" for month in range(1, 13))


def _made(**params: Any) -> Viewable:
    return LogTail(sizing_mode="stretch_width", **params)


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: _made(text=TEXT * 3, is_cut=True, is_live=True),
    "empty": _made,
    "loading": lambda: _made(is_live=True),
    "failed": lambda: _made(fault="What it printed could not be loaded. Try again in a moment."),
}
