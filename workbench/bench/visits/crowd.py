"""How many visitors come, for how long, and what they find."""

from dataclasses import dataclass

from workbench.bench.figures import Figure

LEAST_SECONDS, LEAST_USERS = 30, 10  # below, tails are single answers, and have no budget


@dataclass(frozen=True, slots=True)
class Crowd:
    """Tenants, users of all of them together, seconds, processes of Locust, and rows of each."""

    tenants: int
    users: int
    seconds: int
    workers: int
    rows: int

    @property
    def is_full(self) -> bool:
        """Whether enough is asked for tails to mean what their budgets mean."""
        return self.seconds >= LEAST_SECONDS and self.users >= LEAST_USERS

    def ratio(self, section: str, name: str, title: str, *, value: float, budget: float) -> Figure:
        """A ratio, with its budget when enough is asked."""
        return Figure(section, name, title, value, "×", budget if self.is_full else None)
