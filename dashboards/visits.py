"""A visit: one opened dashboard, and what it may reach."""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path

from dashboards.hearing import Hearing
from workbench.access import switching
from workbench.access.proof import NoLogin
from workbench.access.switching import Place
from workbench.actor import Actor
from workbench.api.limits import Limiter
from workbench.datasets.answers import Answers
from workbench.db.session import Database
from workbench.identity import queries as identity
from workbench.notifications import subscriptions
from workbench.permissions import Permission
from workbench.runs.quotas import Quota
from workbench.storage import Storage

visitor: ContextVar[Actor] = ContextVar("visitor")
# Panel answers an empty page when composing one fails; the guard looks here and answers a problem.
failures: ContextVar[list[Exception]] = ContextVar("failures")


@dataclass(frozen=True, slots=True)
class Screen:
    """What the browser has told of itself: its colours, whether it is a phone's, where it is."""

    is_dark: bool = False
    is_narrow: bool = False
    locale: str = "en"  # as Babel names it, such as de_CH
    zone: tzinfo = UTC


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
    file_quota: int = 20 * 1024**3  # bytes of a tenant that has no quota of its own
    storage: Storage | None = None  # what runs left; without it nothing of them is read
    limiter: Limiter | None = None  # the API's own, so that mail counts once


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

    async def person(self) -> "Person":
        """The visitor's name, and where the visitor is and could be."""
        actor, database = self.actor, self.house.database
        async with database.session(actor) as session:
            user = await session.scalar(identity.myself(actor))
        try:
            places = await switching.places(database, actor)
        except NoLogin:  # who acts by another way cannot leave it
            places = []
        here = next((place.slug for place in places if place.id == actor.tenant_id), "")
        return Person(user.name if user else "", here, places)

    async def unread(self) -> int:
        """How much the visitor was told that is new; 0 for who is told nothing."""
        actor = self.actor
        if actor.tenant_id is None or not actor.may_somewhere(Permission.RUN_READ):
            return 0
        async with self.house.database.session(actor) as session:
            return await session.scalar(subscriptions.unread(actor)) or 0


@dataclass(frozen=True, slots=True)
class Person:
    """Who looks, the slug of the tenant that is shown, and all that the visitor belongs to."""

    name: str
    tenant: str
    places: Sequence[Place]
