"""The shelf as the visitor finds it, and ordering runs from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from dashboards.runs.store.desk import Desk, worded
from workbench.datasets import queries as datasets
from workbench.errors import Invalid, NotFound
from workbench.notebooks import Notebook
from workbench.notebooks import queries as notebooks
from workbench.permissions import Permission
from workbench.runs import cloning, commands, orders, queries
from workbench.runs.models import Run

Fields = list[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class LastRun:
    """How the newest run of a notebook stands."""

    id: UUID
    status: str
    ordered: datetime


@dataclass(frozen=True, slots=True)
class Offered:
    """A notebook on the shelf: what it asks and needs, and what the visitor lacks for it.

    `needs` and `missing` are things that somebody may do, in plain words.
    """

    name: str
    title: str
    question: str
    description: str
    queue: str
    priority: int
    limit_seconds: int
    is_sandbox: bool
    needs: list[str]
    missing: list[str]
    budgets: dict[str, tuple[float, str]]
    secrets: dict[str, str]
    may_plan: bool
    last: LastRun | None
    now: datetime

    @property
    def may_start(self) -> bool:
        """Whether it makes sense to offer starting it; the command decides."""
        return not self.missing


@dataclass(frozen=True, slots=True)
class Blank:
    """The form of a notebook: its parameters in their order, what they hold, what can be chosen."""

    notebook: Offered
    fields: Fields
    values: dict[str, Any]
    datasets: dict[str, list[tuple[str, str]]]
    of: UUID | None = None


class ShelfStore:
    """Asks about notebooks and orders runs for one visit."""

    def __init__(self, desk: Desk) -> None:
        """Remember who asks; nothing is read yet."""
        self._desk = desk

    async def notebooks(self, now: datetime | None = None) -> list[Offered]:
        """The notebooks that the visitor may see, by title, each with its newest run."""
        actor = self._desk.actor
        found = notebooks.notebooks(actor, self._desk.shelf)
        async with self._desk.session() as session:
            last = {each.name: await self._last(session, each.name) for each in found}
        now = now or datetime.now(UTC)
        return [self._offered(each, last[each.name], now) for each in found]

    async def blank(self, name: str, like: UUID | None = None) -> Blank:
        """The form of a notebook, with the parameters of another run of it where one is named."""
        actor, desk = self._desk.actor, self._desk
        notebook = notebooks.notebook(actor, desk.shelf, name)
        async with desk.session() as session:
            last = await self._last(session, name)
            given = await self._given(session, notebook, like) if like else {}
            known = await self._datasets(session)
        properties = notebook.properties()
        return Blank(
            notebook=self._offered(notebook, last, datetime.now(UTC)),
            fields=[(name, properties[name]) for name in notebook.parameters],
            values={name: kind.default for name, kind in notebook.parameters.items()} | given,
            datasets=known,
            of=like,
        )

    async def check(self, name: str, parameters: Mapping[str, Any]) -> dict[str, str]:
        """What the room finds wrong with an order, by parameter; nothing is ordered."""
        desk = self._desk
        try:
            notebook = notebooks.notebook(desk.actor, desk.shelf, name)
            async with desk.session() as session:
                await orders.checked(session, desk.actor, notebook, dict(parameters))
        except Invalid as error:
            return faults(error)
        return {}

    async def start(
        self, name: str, parameters: Mapping[str, Any], like: UUID | None = None
    ) -> UUID:
        """Order a run of a notebook, as a clone where it is made like another; answer its id."""
        desk, actor = self._desk, self._desk.actor
        notebook = notebooks.notebook(actor, desk.shelf, name)
        async with desk.session() as session:
            run = await session.scalar(queries.run(actor, like)) if like else None
            if run is not None:
                changes = {n: v for n, v in parameters.items() if run.parameters.get(n, run) != v}
                made = await cloning.clone(session, actor, notebook, run, changes, quota=desk.quota)
            else:
                made = await commands.start(
                    session, actor, notebook, dict(parameters), quota=desk.quota
                )
            return made.id

    async def _last(self, session: AsyncSession, name: str) -> Run | None:
        if not self._desk.actor.may_somewhere(Permission.RUN_READ):
            return None
        statement = queries.runs(self._desk.actor, notebook=name, limit=1).limit(1)
        found: Run | None = await session.scalar(statement)
        return found

    async def _given(
        self, session: AsyncSession, notebook: Notebook, run_id: UUID
    ) -> dict[str, Any]:
        run = await session.scalar(queries.run(self._desk.actor, run_id))
        if run is None or run.notebook != notebook.name:
            raise NotFound
        return {n: value for n, value in run.parameters.items() if n in notebook.parameters}

    async def _datasets(self, session: AsyncSession) -> dict[str, list[tuple[str, str]]]:
        actor = self._desk.actor
        if not actor.may_somewhere(Permission.DATASET_READ):
            return {}
        found = (await session.scalars(datasets.datasets(actor))).all()
        return {
            known.definition.name: [(c.name, c.type) for c in known.definition.columns]
            for known in found
            if actor.may(Permission.ROW_READ, str(known.definition_id))
            or actor.sees_part(known.definition_id)
        }

    def _offered(self, notebook: Notebook, last: Run | None, now: datetime) -> Offered:
        missing = list(self._missing(notebook))
        return Offered(
            name=notebook.name,
            title=notebook.title,
            question=notebook.question,
            description=notebook.description,
            queue=notebook.queue,
            priority=notebook.priority,
            limit_seconds=notebook.limit_seconds,
            is_sandbox=notebook.sandbox,
            needs=[worded(needed) for needed in notebook.permissions],
            missing=missing,
            budgets={n: (each.most, each.unit or "") for n, each in notebook.budgets.items()},
            secrets=dict(notebook.secrets),
            may_plan=not missing and self._desk.actor.may(Permission.SCHEDULE_MANAGE),
            last=LastRun(last.id, last.status, last.created_at) if last else None,
            now=now,
        )

    def _missing(self, notebook: Notebook) -> Iterator[str]:
        actor = self._desk.actor
        if not actor.may(Permission.RUN_START, notebook.name):
            yield worded(Permission.RUN_START)
        for needed in notebook.permissions:
            if not actor.may_somewhere(needed):
                yield worded(needed)
        is_named = Permission.SANDBOX_RUN in notebook.permissions
        if notebook.sandbox and not is_named and not actor.may(Permission.SANDBOX_RUN):
            yield worded(Permission.SANDBOX_RUN)


def faults(error: Invalid) -> dict[str, str]:
    """What is wrong, by the parameter that it is about; the rest stands under an empty name."""
    found: dict[str, str] = {}
    for detail in error.details:
        found.setdefault(detail.place.split(".")[0], detail.message)
    return found or {"": str(error)}
