"""What was measured: a figure each, with its budget where it has one."""

from dataclasses import dataclass
from typing import Protocol

LEAST_ROWS = 100_000  # below, ratios tell more about start-up than about rows, and have no budget


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure under the name of its metric; `budget` is what it should not exceed."""

    section: str
    name: str
    title: str
    value: float
    unit: str
    budget: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether it exceeds its budget."""
        return self.budget is not None and self.value > self.budget


class Figured(Protocol):
    """What was measured, whatever else is known of it."""

    @property
    def figures(self) -> list[Figure]:
        """Its figures, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: rows to import, rows to read, rounds, and seconds for each address."""

    rows: int
    read_rows: int
    rounds: int
    seconds: float

    @property
    def is_full(self) -> bool:
        """Whether there is enough of everything for ratios to mean what their budgets mean."""
        return min(self.rows, self.read_rows) >= LEAST_ROWS

    def ratio(
        self, section: str, name: str, title: str, *, ours: float, theirs: float, budget: float
    ) -> Figure:
        """Our time as a share of theirs, with its budget when enough is measured."""
        limit = budget if self.is_full else None
        return Figure(section, name, title, ours / theirs, "×", limit)
