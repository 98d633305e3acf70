"""Bytes and spans of time as people read them."""

from datetime import timedelta

from dashboards.components.numbers import DAY, HOUR, MINUTE, NOTHING, decimal

UNITS = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def size(value: float) -> str:
    """Bytes in the largest unit of which there is one, such as 3.4 GB."""
    for unit, bytes_ in UNITS:
        if value >= bytes_:
            return f"{decimal(value / bytes_, 1)} {unit}"
    return f"{decimal(value)} B"


def lasting(passed: timedelta | None) -> str:
    """How long something lasts, in one or two units, such as 2 h 5 min."""
    if passed is None:
        return NOTHING
    if passed < MINUTE:
        return f"{max(0, passed.total_seconds()):.0f} s"
    if passed < HOUR:
        return f"{passed // MINUTE} min"
    if passed < DAY:
        return f"{passed // HOUR} h {passed % HOUR // MINUTE} min"
    return f"{passed // DAY} d {passed % DAY // HOUR} h"
