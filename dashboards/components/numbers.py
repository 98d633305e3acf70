"""Numbers, shares, minutes and times as the visitor reads them, in the visitor's own zone."""

from datetime import date, datetime, timedelta
from functools import lru_cache

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from dashboards.visits import screen

NOTHING = "–"
PLAIN = "en"  # what needs no table of a locale
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def decimal(value: float, decimals: int = 0) -> str:
    """A number with so many decimals, and separators between the thousands."""
    locale = screen.get().locale
    if locale == PLAIN:
        return f"{value:,.{decimals}f}"
    return format_decimal(value, _pattern(locale, decimals), locale=locale)


@lru_cache(maxsize=256)
def _pattern(locale: str, decimals: int) -> str:
    whole = Locale.parse(locale).decimal_formats[None].pattern.partition(".")[0]
    return f"{whole}.{'0' * decimals}" if decimals else whole


def count(value: float | None) -> str:
    """A whole number with separators between the thousands."""
    return NOTHING if value is None else decimal(value)


def span(first: int, some: int, total: int, words: str) -> str:
    """Which of all are shown, such as 26–50 of 400 flights."""
    return f"{count(first)}–{count(first + some - 1)} of {count(total)} {words}"


def short(value: float | None) -> str:
    """A large number in a few characters, such as 39.7 M."""
    if value is None:
        return NOTHING
    for size, unit in ((1e9, "bn"), (1e6, "M")):
        if abs(value) >= size:
            return f"{decimal(value / size, 1)} {unit}"
    return count(value)


def share(value: float | None) -> str:
    """A share as a percentage with one decimal."""
    return NOTHING if value is None else f"{decimal(value * 100, 1)} %"


def minutes(value: float | None, *, sign: bool = True) -> str:
    """Minutes with one decimal; delays carry their sign."""
    if value is None:
        return NOTHING
    rounded = round(value, 1) + 0.0  # no "-0.0"
    text = f"{'+' if sign and rounded > 0 else ''}{decimal(rounded, 1)}"
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


def day(moment: date) -> str:
    """The day of a moment where the visitor is, such as 1 May 2026."""
    told = screen.get()
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(told.zone)
    if told.locale == PLAIN:
        return f"{moment:%-d %b %Y}"
    return format_date(moment, "d MMM y", locale=told.locale)


def lasted(started: datetime | None, finished: datetime | None) -> str:
    """How long something took."""
    if started is None or finished is None:
        return NOTHING
    seconds = (finished - started).total_seconds()
    if seconds < 60:  # noqa: PLR2004 (a minute)
        return f"{decimal(seconds, 1)} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def milliseconds(value: float) -> str:
    """A short time that was measured: milliseconds up to a second, then seconds."""
    is_short = value < 1000  # noqa: PLR2004 (a second)
    return f"{decimal(value)} ms" if is_short else f"{decimal(value / 1000, 1)} s"
