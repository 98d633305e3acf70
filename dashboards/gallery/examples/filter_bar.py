"""Examples of filters as chips."""

from collections.abc import Callable, Sequence

from panel.viewable import Viewable

from dashboards.components.filter_bar import FilterBar


async def _nothing(_key: str) -> None:
    """Do nothing: this is an example."""


def _made(*chips: tuple[str, str]) -> Viewable:
    made = FilterBar.of(_nothing)
    some: Sequence[tuple[str, str]] = chips
    made.fill(some)
    return made


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "empty": _made,
    "with data": lambda: _made(("origin", "From is JFK"), ("day", "Day is after 1 May 2026")),
    "hostile": lambda: _made(("name", "Name is <img src=x onerror=alert(1)>")),
}
