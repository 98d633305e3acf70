"""The parts of the house that the API works with, put together once at the start."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from fastapi import Request

from workbench.api.limits import Limiter
from workbench.api.metrics import Metrics
from workbench.api.sightings import Sightings
from workbench.datasets.answers import Answers
from workbench.datasets.express import Express
from workbench.datasets.searching import Searches
from workbench.db.session import Database
from workbench.events.ears import Ears
from workbench.files.schemas import Bounds
from workbench.identity.tokens import Tokens
from workbench.notebooks.shelf import Shelf
from workbench.runs.printing import Printer
from workbench.runs.quotas import Quota
from workbench.storage import Storage

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Parts:
    """What every request may use; none of it belongs to a tenant."""

    database: Database
    storage: Storage
    tokens: Tokens
    limiter: Limiter
    shelf: Shelf
    clock: Clock
    files: Bounds
    quota: Quota = field(default_factory=Quota)
    answers: Answers = field(default_factory=Answers)
    searches: Searches = field(default_factory=Searches)
    express: Express = field(default_factory=Express)
    metrics: Metrics = field(default_factory=Metrics)
    printer: Printer = field(default_factory=Printer)
    sightings: Sightings = field(default_factory=Sightings)
    send_seconds: float = 20.0  # that a listener has to take an event

    @cached_property
    def ears(self) -> Ears:
        """What hears for everybody who listens to events."""
        return Ears(self.database)


def of(request: Request) -> Parts:
    """The parts of the application that serves this request."""
    parts: Parts = request.app.state.parts
    return parts
