"""The runs of the past: page by page, one figure over time, and two of them beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from dashboards import reads
from dashboards.runs.state import Place
from dashboards.runs.store.desk import Desk
from workbench.db import pages
from workbench.errors import Unavailable
from workbench.notebooks import queries as notebooks
from workbench.notebooks.terms import title
from workbench.permissions import Permission
from workbench.runs import comparing, queries
from workbench.runs.comparing import Comparison
from workbench.runs.history import History
from workbench.runs.models import Run
from workbench.runs.schemas import Status
from workbench.runs.states import LIVE

PAGE = 25
FIGURES = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """A run as the list tells it."""

    id: UUID
    notebook: str
    title: str
    status: str
    who: str
    parameters: dict[str, Any]
    ordered: datetime
    started: datetime | None
    finished: datetime | None
    error: str
    progress: float | None
    is_deleted: bool
    may_change: bool

    @property
    def is_live(self) -> bool:
        """Whether it still waits or works."""
        return self.status in LIVE


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of runs, the newest first, and where the next page begins."""

    runs: Sequence[Listed]
    next_cursor: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Figure:
    """What one run measured."""

    run_id: UUID
    at: datetime
    status: str
    value: float
    unit: str
    budget: float | None


class PastStore:
    """Asks about the past for one visit."""

    def __init__(self, desk: Desk) -> None:
        """Remember who asks; nothing is read yet."""
        self._desk = desk

    async def notebooks(self) -> list[tuple[str, str]]:
        """The notebooks that the visitor may see, as name and title."""
        found = notebooks.notebooks(self._desk.actor, self._desk.shelf)
        return [(each.name, each.title) for each in found]

    async def open(self, place: Place, cursor: str | None, names: Mapping[UUID, str]) -> Listing:
        """A page of the runs that a place asks for, which the audit notes."""
        async with reads.noted(self._desk.visit, "runs", "history"):
            return await self.look(place, cursor, names)

    async def look(self, place: Place, cursor: str | None, names: Mapping[UUID, str]) -> Listing:
        """A page of the runs that a place asks for, as they stand now."""
        desk = self._desk
        statement = queries.runs(
            desk.actor,
            notebook=place.notebook or None,
            status=Status(place.status) if place.status in {*Status} else None,
            history=_history(place, desk.actor.user_id),
            deleted=bool(place.deleted),
            cursor=cursor,
            limit=PAGE,
        )
        async with desk.session() as session:
            rows = (await session.scalars(statement)).all()
        page = pages.cut(rows, PAGE, lambda run: [run.id])
        listed = [self._listed(run, dict(names)) for run in page.items]
        return Listing(listed, page.next_cursor, datetime.now(UTC))

    async def figures(self, notebook: str, metric: str) -> list[Figure]:
        """One figure of a notebook's last runs, the oldest first."""
        desk = self._desk
        statement = queries.figures(desk.actor, notebook, metric, limit=FIGURES)
        async with reads.noted(desk.visit, "runs", "figures"), desk.session() as session:
            rows = (await session.execute(statement)).all()[:FIGURES]
        return [
            Figure(r.run_id, r.created_at, r.status, r.value, r.unit or "", r.budget)
            for r in reversed(rows)
        ]

    async def measures(self, notebook: str) -> list[str]:
        """What the last runs of a notebook measured, and what it has budgets for."""
        desk = self._desk
        known = desk.known(notebook)
        found = set(known.budgets) if known else set()
        statement = queries.runs(desk.actor, notebook=notebook, status=Status.SUCCEEDED, limit=1)
        async with desk.session() as session:
            newest = await session.scalar(statement.limit(1))
            if newest is not None:
                some = await session.scalars(queries.metrics(desk.actor, newest.id))
                found |= {metric.name for metric in some}
        return sorted(found)

    async def compare(self, run_id: UUID, other_id: UUID) -> Comparison:
        """What differs between two runs; the audit notes that their outputs were read."""
        storage = self._desk.visit.house.storage
        if storage is None:
            raise Unavailable
        async with self._desk.session() as session:
            return await comparing.compare(session, self._desk.actor, storage, run_id, other_id)

    async def before(self, run_id: UUID, notebook: str) -> UUID | None:
        """The run of the same notebook that succeeded last before another."""
        desk = self._desk
        statement = queries.runs(
            desk.actor,
            notebook=notebook,
            status=Status.SUCCEEDED,
            cursor=pages.encode([run_id]),
            limit=1,
        )
        async with desk.session() as session:
            found: Run | None = await session.scalar(statement.limit(1))
        return found.id if found else None

    def title(self, notebook: str) -> str:
        """What people call a notebook."""
        return self._desk.title(notebook)

    def titles(self, notebook: str) -> dict[str, str]:
        """What people read of a notebook's parameters, by their names."""
        known = self._desk.known(notebook)
        return {n: title(n, kind) for n, kind in known.parameters.items()} if known else {}

    def _listed(self, run: Run, names: dict[UUID, str]) -> Listed:
        desk = self._desk
        titles = self.titles(run.notebook)
        order = [*(n for n in titles if n in run.parameters), *run.parameters]
        return Listed(
            id=run.id,
            notebook=run.notebook,
            title=desk.title(run.notebook),
            status=run.status,
            who=desk.who(run.requested_by, names),
            parameters={titles.get(n, n): run.parameters[n] for n in dict.fromkeys(order)},
            ordered=run.created_at,
            started=run.started_at,
            finished=run.finished_at,
            error=run.error or "",
            progress=run.progress,
            is_deleted=run.deleted_at is not None,
            may_change=desk.actor.may(Permission.RUN_START, run.notebook),
        )


def _history(place: Place, myself: UUID | None) -> History:
    until = _day(place.until)
    return History(
        requested_by=myself if place.who == "me" else _id(place.who),
        since=_day(place.since),
        until=until + timedelta(days=1) if until else None,
    )


def _day(text: str) -> datetime | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(found.year, found.month, found.day, tzinfo=UTC)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
