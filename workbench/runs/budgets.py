"""Budgets over time: what is met, what is crossed, and what became worse than it was.

Runs are compared that had the same parameters. A run is good when it succeeded within every budget
of its own; a figure is worse when it is much more than the median of the last good runs before it.
"""

import statistics
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.permissions import Permission
from workbench.runs import queries
from workbench.runs.models import Run
from workbench.runs.schemas import Status

MEDIAN_OF, LEAST = 5, 3  # good runs that a figure is compared with; fewer tell nothing
SLOWER = 1.5
MOST_RUNS = 60


class Point(BaseModel):
    """What one run measured."""

    model_config = ConfigDict(frozen=True)

    run_id: UUID
    at: datetime
    status: Status
    commit: str | None
    value: float
    budget: float | None
    is_good: bool

    @property
    def is_over(self) -> bool:
        """Whether it exceeds its budget."""
        return self.budget is not None and self.value > self.budget


class Course(BaseModel):
    """One metric over the runs that are compared, the oldest first.

    `median` is that of the last good runs before the newest, null where there are too few.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    unit: str | None
    points: list[Point]
    median: float | None
    last_good: Point | None

    @property
    def last(self) -> Point:
        """What the newest run measured."""
        return self.points[-1]

    @property
    def share(self) -> float | None:
        """How much of its budget the newest value takes; None without one, or where it is 0."""
        budget = self.last.budget
        if budget is None:
            return None
        return self.last.value / budget if budget else None

    @property
    def change(self) -> float | None:
        """How many times the median the newest value is."""
        return self.last.value / self.median if self.median else None

    @property
    def is_worse(self) -> bool:
        """Whether it is so much more than it was that somebody should look."""
        return self.change is not None and self.change > SLOWER


class Missed(BaseModel):
    """A budget that a run has missed, and what the last good run measured."""

    metric: str
    value: float
    unit: str | None
    budget: float
    last_good: Point | None

    def __str__(self) -> str:
        """Name the metric, the budget and the last good run in a sentence."""
        unit = f" {self.unit}" if self.unit else ""
        known = "no good run is known"
        if (good := self.last_good) is not None:
            commit = f" at {good.commit[:10]}" if good.commit else ""
            known = f"the last good run{commit}, of {good.at:%Y-%m-%d %H:%M} UTC, had "
            known += f"{good.value:.3g}{unit} ({good.run_id})"
        return f"{self.metric} is {self.value:.3g}{unit}, at most {self.budget:g}{unit}: {known}"


async def courses(
    session: AsyncSession, actor: Actor, notebook: str, *, upto: Run | None = None
) -> list[Course]:
    """Each metric of a notebook over its last runs, by name; up to a run, or to the newest.

    Runs with other parameters than that one's are left out.
    """
    actor.require_somewhere(Permission.RUN_READ)
    statement = queries.measured(actor, notebook, upto=upto, most=MOST_RUNS)
    rows = (await session.execute(statement)).all()
    if not rows:
        return []
    newest = upto.parameters if upto is not None else rows[0].parameters
    same = [row for row in reversed(rows) if row.parameters == newest]
    bad = {row.run_id for row in same if not _is_kept(row)}
    found: dict[str, list[Point]] = {}
    units: dict[str, str | None] = {}
    for row in same:
        point = Point(
            run_id=row.run_id,
            at=row.created_at,
            status=row.status,
            commit=row.commit,
            value=row.value,
            budget=row.budget,
            is_good=row.run_id not in bad,
        )
        found.setdefault(row.name, []).append(point)
        units[row.name] = row.unit
    last = same[-1].run_id if same else None
    return [
        _course(name, units[name], points)
        for name, points in sorted(found.items())
        if points[-1].run_id == last
    ]


async def missed(session: AsyncSession, actor: Actor, run: Run) -> list[Missed]:
    """The budgets that a run has missed, by metric."""
    actor.require_somewhere(Permission.RUN_READ)
    return [
        Missed(
            metric=course.name,
            value=course.last.value,
            unit=course.unit,
            budget=course.last.budget,
            last_good=course.last_good,
        )
        for course in await courses(session, actor, run.notebook, upto=run)
        if course.last.run_id == run.id and course.last.budget is not None and course.last.is_over
    ]


def worst_first(found: Iterable[Course]) -> list[Course]:
    """Those that have a budget, what takes most of it first."""
    held = [course for course in found if course.last.budget is not None]
    return sorted(held, key=lambda each: (not each.last.is_over, -(each.share or 0), each.name))


def _is_kept(row: object) -> bool:
    status, value = getattr(row, "status", None), getattr(row, "value", 0.0)
    budget = getattr(row, "budget", None)
    return status == Status.SUCCEEDED and (budget is None or value <= budget)


def _course(name: str, unit: str | None, points: Sequence[Point]) -> Course:
    good = [point for point in points[:-1] if point.is_good]
    values = [point.value for point in good[-MEDIAN_OF:]]
    return Course(
        name=name,
        unit=unit,
        points=list(points),
        median=statistics.median(values) if len(values) >= LEAST else None,
        last_good=good[-1] if good else None,
    )
