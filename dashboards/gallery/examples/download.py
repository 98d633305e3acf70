"""Examples of downloads."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards.components.download import Download

EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: Download(sql="select 1"),
    "forbidden": lambda: Download(refusal="Your role does not export rows."),
}
