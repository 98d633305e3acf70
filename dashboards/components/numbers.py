"""Numbers, shares, minutes and times as people read them."""

from datetime import datetime, timedelta

NOTHING = "–"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def count(value: float | None) -> str:
    """A whole number with separators between the thousands."""
    return NOTHING if value is None else f"{value:,.0f}"


def short(value: float | None) -> str:
    """A large number in a few characters, such as 39.7 M."""
    if value is None:
        return NOTHING
    for size, unit in ((1e9, "bn"), (1e6, "M")):
        if abs(value) >= size:
            return f"{value / size:,.1f} {unit}"
    return count(value)


def share(value: float | None) -> str:
    """A share as a percentage with one decimal."""
    return NOTHING if value is None else f"{value:.1%}".replace("%", " %")


def minutes(value: float | None, *, sign: bool = True) -> str:
    """Minutes with one decimal; delays carry their sign."""
    if value is None:
        return NOTHING
    rounded = round(value, 1) + 0.0  # no "-0.0"
    text = f"{rounded:+,.1f}" if sign and rounded else f"{rounded:,.1f}"
    return f"{text.replace('-', '−')} min"  # noqa: RUF001 (a minus, as typeset)


def ago(moment: datetime | None, now: datetime) -> str:
    """How long a moment lies back, in one unit."""
    if moment is None:
        return NOTHING
    passed = now - moment
    if passed < MINUTE:
        return "just now"
    if passed < HOUR:
        return f"{passed // MINUTE} min ago"
    if passed < DAY:
        return f"{passed // HOUR} h ago"
    if passed < 2 * DAY:
        return "yesterday"
    return day(moment)


def day(moment: datetime) -> str:
    """The day of a moment, such as 1 May 2026."""
    return f"{moment:%-d %b %Y}"


def lasted(started: datetime | None, finished: datetime | None) -> str:
    """How long something took."""
    if started is None or finished is None:
        return NOTHING
    seconds = (finished - started).total_seconds()
    if seconds < 60:  # noqa: PLR2004 (a minute)
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def milliseconds(value: float) -> str:
    """A short time that was measured: milliseconds up to a second, then seconds."""
    return f"{value:,.0f} ms" if value < 1000 else f"{value / 1000:,.1f} s"  # noqa: PLR2004
