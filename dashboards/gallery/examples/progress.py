"""Examples of progress: waiting, at work, and ended."""

from collections.abc import Callable
from typing import Any

from panel.viewable import Viewable

from dashboards.components.progress import Progress


def _made(**params: Any) -> Viewable:
    return Progress(part="cell", sizing_mode="stretch_width", **params)


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: _made(
        status="running",
        label="Running",
        note="Now at: Day by day",
        done=4,
        total=10,
        seconds=12.0,
        is_live=True,
    ),
    "empty": lambda: _made(
        status="queued", label="Waiting", note="It waits for its turn.", is_live=True
    ),
    "loading": lambda: _made(status="running", label="Running", seconds=0.4, is_live=True),
    "failed": lambda: _made(status="failed", label="Failed", done=4, total=10, seconds=75.0),
    "ended": lambda: _made(status="succeeded", label="Succeeded", done=10, total=10, seconds=9.5),
}
