"""The figures that the dashboard shows, as the store hands them to the views."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

ON_TIME = 15  # minutes; the US Department of Transportation counts up to there as on time


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts and means over all chosen flights; `miles` is their distance together."""

    flights: int
    departed: int
    arrived: int
    on_time: int
    arrival_delay: float | None
    miles: int | None

    @property
    def share_on_time(self) -> float | None:
        """The share of arrivals that were on time."""
        return self.on_time / self.arrived if self.arrived else None

    @property
    def share_cancelled(self) -> float | None:
        """The share of flights that never departed."""
        return (self.flights - self.departed) / self.flights if self.flights else None


@dataclass(frozen=True, slots=True)
class Day:
    """One day: its flights and their mean arrival delay in minutes."""

    day: date
    flights: int
    delay: float | None


@dataclass(frozen=True, slots=True)
class Destination:
    """Where flights go: how many, and their mean arrival delay in minutes."""

    code: str
    name: str
    flights: int
    delay: float | None


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of the week, local time, weekday 0 = Monday, with its mean departure delay."""

    weekday: int
    hour: int
    flights: int
    delay: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """All that one choice of flights shows."""

    totals: Totals
    days: Sequence[Day]
    destinations: Sequence[Destination]
    hours: Sequence[Hour]


@dataclass(frozen=True, slots=True)
class Options:
    """What can be chosen: airports with their flights, most first, and the first and last day."""

    origins: Mapping[str, int]
    destinations: Mapping[str, int]
    first: date | None
    last: date | None
    airports: Mapping[str, str]

    @property
    def flights(self) -> int:
        """How many flights there are in all."""
        return sum(self.origins.values())


def hours_of_the_week(rows: Iterable[Mapping[str, Any]]) -> list[Hour]:
    """Put hours in UTC into local hours of the week, joining those of summer and winter time."""
    sums: dict[tuple[int, int], tuple[int, float]] = {}
    for row in rows:
        if row["weekday"] is None or not row["count"]:
            continue
        # New York lies behind UTC: a UTC hour before the local one belongs to the next day.
        is_next_day = row["utc_hour"] < row["hour"]
        key = (row["weekday"] - is_next_day) % 7, row["hour"]
        flights, delay = sums.get(key, (0, 0.0))
        sums[key] = flights + row["count"], delay + row["count"] * row["delay"]
    return [
        Hour(weekday, hour, flights, delay / flights)
        for (weekday, hour), (flights, delay) in sorted(sums.items())
    ]
