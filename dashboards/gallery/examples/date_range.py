"""Examples of periods."""

from collections.abc import Callable
from datetime import date

from panel.viewable import Viewable

from dashboards.components.date_range import DateRange


async def _nothing(_since: date | None, _until: date | None) -> None:
    """Do nothing: this is an example."""


def _made(since: str = "", until: str = "", said: str = "") -> Viewable:
    made = DateRange.of(_nothing, date(2026, 1, 1), date(2026, 12, 31))
    made.param.update(since=since, until=until, said=said)
    return made


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "open": _made,
    "with data": lambda: _made("2026-03-01", "2026-03-31"),
    "failed": lambda: _made("2026-03-01", said="The last day lies before the first."),
}
