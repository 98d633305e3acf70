"""Examples of reports in their frame."""

from collections.abc import Callable
from typing import Any

from panel.viewable import Viewable

from dashboards.components.report_frame import ReportFrame

MISSING = "It failed before it could write a report."


def _made(**params: Any) -> Viewable:
    return ReportFrame(sizing_mode="stretch_width", **params)


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: _made(address="/login/files/mark.svg", title="Report of an example"),
    "empty": lambda: _made(missing=MISSING),
    "loading": lambda: _made(is_loading=True),
}
