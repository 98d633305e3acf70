"""Examples of the search."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards.components.search_box import SearchBox


async def _nothing(_wanted: str) -> None:
    """Do nothing: this is an example."""


def _made(value: str = "") -> Viewable:
    made = SearchBox.of(_nothing, "Search datasets", "Search datasets by name")
    made.value = value
    return made


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "empty": _made,
    "with data": lambda: _made("flights"),
}
