"""One run: how it stands, what it left, and what may be done about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dashboards import reads
from dashboards.runs.store.desk import Desk
from workbench.errors import NotFound
from workbench.notebooks.terms import title
from workbench.permissions import Permission
from workbench.runs import commands, logs, queries, trash, turns
from workbench.runs.models import Run
from workbench.runs.schemas import LogView, Place
from workbench.runs.states import LIVE

REPORT = "report.html"
NOTEBOOK = "notebook.ipynb"


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its unit, and the budget that it should keep."""

    name: str
    value: float
    unit: str
    budget: float | None

    @property
    def is_over(self) -> bool | None:
        """Whether it is beyond its budget; None without one."""
        return None if self.budget is None else self.value > self.budget


@dataclass(frozen=True, slots=True)
class Left:
    """A file that a run left; `size` counts bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A run as the page tells it; parameters by the titles that people read."""

    id: UUID
    notebook: str
    title: str
    question: str
    status: str
    parameters: dict[str, Any]
    queue: str
    priority: int
    tries: int
    retries: int
    waits: str
    ahead: int
    progress: float | None
    cells: int | None
    cells_done: int | None
    cell_title: str
    error: str
    commit: str
    who: str
    ordered: datetime
    started: datetime | None
    finished: datetime | None
    metrics: Sequence[Measured]
    artifacts: Sequence[Left]
    is_on_shelf: bool
    may_change: bool
    now: datetime

    @property
    def is_live(self) -> bool:
        """Whether it still waits or works."""
        return self.status in LIVE

    @property
    def has_report(self) -> bool:
        """Whether it left a report."""
        return any(left.name == REPORT for left in self.artifacts)


class RunStore:
    """Asks about single runs and changes them for one visit."""

    def __init__(self, desk: Desk) -> None:
        """Remember who asks; nothing is read yet."""
        self._desk = desk

    async def open(self, run_id: UUID, names: Mapping[UUID, str]) -> Seen:
        """A run that the visitor opens, which the audit notes."""
        async with reads.noted(self._desk.visit, "runs", "run"):
            return await self.look(run_id, names)

    async def look(self, run_id: UUID, names: Mapping[UUID, str]) -> Seen:
        """How a run stands now; raise NotFound when there is none such for the visitor."""
        desk = self._desk
        async with desk.session() as session:
            run = await session.scalar(queries.run(desk.actor, run_id))
            if run is None:
                raise NotFound
            place = await turns.place(session, desk.actor, run, desk.quota.at_once)
        return self._seen(run, place, dict(names))

    async def log(self, run_id: UUID) -> LogView:
        """What a run has printed, as far as it is kept."""
        async with self._desk.session() as session:
            return await logs.read(session, self._desk.actor, run_id, 0)

    async def cancel(self, run_id: UUID) -> None:
        """End a run that waits or works."""
        async with self._desk.session() as session:
            await commands.cancel(session, self._desk.actor, run_id, datetime.now(UTC))

    async def retry(self, run_id: UUID) -> None:
        """Order an ended run again as it was."""
        desk = self._desk
        async with desk.session() as session:
            run = await session.scalar(queries.run(desk.actor, run_id))
            needed = desk.shelf.named(run.notebook).permissions if run else ()
            await commands.retry(session, desk.actor, run_id, needed=needed, quota=desk.quota)

    async def delete(self, run_id: UUID) -> None:
        """Put an ended run away; it can be restored."""
        async with self._desk.session() as session:
            await trash.remove(session, self._desk.actor, run_id)

    async def restore(self, run_id: UUID) -> None:
        """Bring a deleted run back with all that it left."""
        async with self._desk.session() as session:
            await trash.restore(session, self._desk.actor, run_id)

    def _seen(self, run: Run, place: Place, names: dict[UUID, str]) -> Seen:
        desk = self._desk
        notebook = desk.known(run.notebook)
        kinds = notebook.parameters if notebook else {}
        titles = {name: title(name, kind) for name, kind in kinds.items()}
        order = [*(name for name in kinds if name in run.parameters), *run.parameters]
        return Seen(
            id=run.id,
            notebook=run.notebook,
            title=notebook.title if notebook else run.notebook,
            question=notebook.question if notebook else "",
            status=run.status,
            parameters={titles.get(n, n): run.parameters[n] for n in dict.fromkeys(order)},
            queue=run.queue,
            priority=run.priority,
            tries=run.retried + 1,
            retries=run.retries,
            waits=str(place.waits or ""),
            ahead=place.ahead or 0,
            progress=run.progress,
            cells=run.cells,
            cells_done=run.cells_done,
            cell_title=run.cell_title or "",
            error=run.error or "",
            commit=run.commit or "",
            who=desk.who(run.requested_by, names),
            ordered=run.created_at,
            started=run.started_at,
            finished=run.finished_at,
            metrics=[
                Measured(m.name, m.value, m.unit or "", m.budget)
                for m in sorted(run.metrics, key=lambda metric: metric.name)
            ],
            artifacts=[
                Left(a.name, a.size) for a in sorted(run.artifacts, key=lambda left: left.name)
            ],
            is_on_shelf=notebook is not None,
            may_change=desk.actor.may(Permission.RUN_START, run.notebook),
            now=datetime.now(UTC),
        )
