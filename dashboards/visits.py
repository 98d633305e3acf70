"""A visit: one opened dashboard, and what it may reach."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from dashboards.hearing import Hearing
from workbench.actor import Actor
from workbench.datasets.answers import Answers
from workbench.db.session import Database
from workbench.identity import queries as identity
from workbench.runs.quotas import Quota

visitor: ContextVar[Actor] = ContextVar("visitor")
# Panel answers an empty page when composing one fails; the guard looks here and answers a problem.
failures: ContextVar[list[Exception]] = ContextVar("failures")


@dataclass(frozen=True, slots=True)
class Screen:
    """What the browser has told of itself: its colour scheme, and whether it is a phone's."""

    is_dark: bool = False
    is_narrow: bool = False


screen: ContextVar[Screen] = ContextVar("screen", default=Screen())  # noqa: B039 (it is frozen)


@dataclass(frozen=True, slots=True)
class House:
    """What the dashboards are built on; what belongs to a visitor is kept under what he may see."""

    database: Database
    notebooks: Path
    answers: Answers = field(default_factory=Answers)
    quota: Quota = field(default_factory=Quota)
    file_limit: int = 2 * 1024**3  # bytes; the API refuses a larger file
    hearing: Hearing | None = None  # without it pages show what was there when they loaded


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at a dashboard, and through which database."""

    actor: Actor
    house: House
    screen: Screen

    @classmethod
    def begin(cls, house: House) -> "Visit":
        """The visit of whom the guard let in for the request that is being answered."""
        return cls(visitor.get(), house, screen.get())

    async def person(self) -> str:
        """The visitor's name."""
        async with self.house.database.session(self.actor) as session:
            user = await session.scalar(identity.myself(self.actor))
        return user.name if user else ""
