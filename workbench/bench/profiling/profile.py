"""How much the profile plants and asks."""

from dataclasses import dataclass

from workbench.bench.figures import LEAST_ROWS, Figure


@dataclass(frozen=True, slots=True)
class Profile:
    """Rows of the tenant's dataset, as many records of its runs, parents to load, and rounds."""

    rows: int
    parents: int
    rounds: int

    @property
    def is_full(self) -> bool:
        """Whether there is enough for ratios of times to mean what their budgets mean."""
        return self.rows >= LEAST_ROWS

    def ratio(
        self, section: str, name: str, title: str, *, ours: float, theirs: float, budget: float
    ) -> Figure:
        """Our time as a share of theirs, with its budget when enough is measured."""
        limit = budget if self.is_full else None
        return Figure(section, name, title, ours / theirs, "×", limit)
