"""When a clock's schedule is due: cron expressions in a time zone, daylight saving included.

A time of day that a spring leaves out comes at the next moment that there is, and one that an
autumn brings twice comes at its first. Expressions whose minute or hour begins with `*` are not
about a time of day: they count on as the clock on the wall does not (cronsim, as Debian's cron).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from workbench.errors import Detail, Invalid

FIELDS = 5
SPAN = timedelta(hours=1)


class BadCron(Invalid):
    """This is no time that ever comes; write minute, hour, day, month and weekday."""

    code = "bad_cron"


class BadZone(Invalid):
    """There is no such time zone; write a name such as Europe/Berlin."""

    code = "bad_time_zone"


def check(cron: str, zone: str, now: datetime) -> None:
    """Raise BadCron or BadZone for what no schedule could follow."""
    if zone not in _zones():
        raise BadZone(details=[Detail("time_zone", "There is no such time zone.")])
    try:
        is_good = len(cron.split()) == FIELDS and after(cron, zone, now) is not None
    except CronSimError as error:
        raise BadCron(details=[Detail("cron", f"{error}.")]) from error
    if not is_good:
        raise BadCron(details=[Detail("cron", "Five fields, of a time that comes.")])


def after(cron: str, zone: str, moment: datetime) -> datetime | None:
    """The first slot after a moment, in UTC; None when none comes within fifty years."""
    return next(_after(cron, zone, moment), None)


def following(cron: str, zone: str, moment: datetime, count: int) -> list[datetime]:
    """The next slots after a moment, in the schedule's own time zone."""
    found = [slot for _, slot in zip(range(count), _after(cron, zone, moment), strict=False)]
    return [slot.astimezone(ZoneInfo(zone)) for slot in found]


def due(cron: str, zone: str, first: datetime, now: datetime, most: int) -> list[datetime]:
    """The newest slots from `first` until now, at most so many, the oldest of them first.

    It looks back in growing spans, so that a minute's schedule that rested for a year is quick.
    """
    span = SPAN
    while True:
        start = max(first, now - span)
        slots = []
        for slot in _after(cron, zone, start - timedelta(seconds=1)):
            if slot > now:
                break
            slots.append(slot)
        if len(slots) >= most or start == first:
            return slots[-most:] if most else []
        span *= 2


def _after(cron: str, zone: str, moment: datetime) -> Iterator[datetime]:
    # The two passes of an autumn's hour look the same to cronsim, and two times that a spring
    # leaves out come at one moment: so a slot counts when it is later than the one before.
    last = moment
    for slot in CronSim(cron, moment.astimezone(ZoneInfo(zone))):
        at = slot.astimezone(UTC)
        if at > last:
            yield at
            last = at


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
