"""From one day to another, by two fields or by a span that has a name."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

HERE = Path(__file__).parent
PRESETS = ("7 days", "30 days", "This month", "This year", "All")
Days = tuple[date | None, date | None]


class DateRange(JSComponent):
    """Two days, both within the period; an empty one is open."""

    since = param.String(default="", doc="The first day as ISO 8601, or empty.")
    until = param.String(default="", doc="The last day as ISO 8601, or empty.")
    first = param.String(default="", doc="The first day that there is.")
    last = param.String(default="", doc="The last day that there is; spans end with it.")
    presets = param.List(default=list(PRESETS), constant=True, doc="The spans that have a name.")
    said = param.String(default="", doc="Why two days were not taken.")

    _esm = HERE / "date_range.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "date_range.css").read_text()]

    @classmethod
    def of(
        cls,
        on_change: Callable[[date | None, date | None], Awaitable[None]],
        first: date | None = None,
        last: date | None = None,
    ) -> "DateRange":
        """Make an open period; `on_change` is awaited with its two days."""
        made = cls(first=_text(first), last=_text(last), sizing_mode="stretch_width")

        async def change(message: Any) -> None:
            try:
                since, until = wished(message.data, _day(made.last) or date.max)
            except (TypeError, ValueError):
                made.said = "Write a day as year, month and day."
                return
            made.said = "The last day lies before the first." if is_backward(since, until) else ""
            if not made.said and (_text(since), _text(until)) != (made.since, made.until):
                made.param.update(since=_text(since), until=_text(until))
                await on_change(since, until)

        made.on_msg(change)
        return made


def wished(message: Any, last: date) -> Days:
    """The days that a browser asks for; raise ValueError for what is no day."""
    preset = message.get("preset")
    if preset is not None:
        return span(str(preset), last)
    return _day(str(message.get("since", ""))), _day(str(message.get("until", "")))


def span(preset: str, last: date) -> Days:
    """The days of a span that ends with the last day; raise ValueError for an unknown one."""
    match preset:
        case "7 days" | "30 days":
            return last - timedelta(days=int(preset.split(maxsplit=1)[0]) - 1), last
        case "This month":
            return last.replace(day=1), last
        case "This year":
            return last.replace(month=1, day=1), last
        case "All":
            return None, None
    raise ValueError(preset)


def is_backward(since: date | None, until: date | None) -> bool:
    """Whether a period would end before it begins."""
    return since is not None and until is not None and until < since


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
