"""Times of several ways to the same end, taken in turn, so that all see the same machine."""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

Way = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Times:
    """The seconds that each repetition took."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)

    def quantile(self, share: float) -> float:
        """The time that a share of them, between 0 and 1, did not exceed."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def in_turn(ways: Mapping[str, Way], rounds: int, *, warm_up: int = 1) -> dict[str, Times]:
    """Take every way once a round, after rounds that do not count."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(warm_up + rounds):
        for name, way in ways.items():
            begin = time.perf_counter()
            await way()
            if number >= warm_up:
                taken[name].append(time.perf_counter() - begin)
    return {name: Times(tuple(seconds)) for name, seconds in taken.items()}
