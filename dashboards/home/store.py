"""The only way from the first dashboard to the database, as the visitor."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dashboards import reads
from dashboards.visits import Visit
from workbench.datasets import queries as datasets
from workbench.datasets.models import Dataset
from workbench.identity import queries as identity
from workbench.notebooks import Notebook
from workbench.notebooks import queries as notebooks
from workbench.notebooks.shelf import Shelf
from workbench.permissions import ROLES, Permission
from workbench.runs import commands, queries
from workbench.runs.models import Run
from workbench.runs.states import LIVE
from workbench.tenants import queries as tenants

SHOWN_RUNS = 8
SHOWN_TENANTS = 500


@dataclass(frozen=True, slots=True)
class Welcome:
    """Who looks, where, and as what."""

    person: str
    tenant: str
    role: str


@dataclass(frozen=True, slots=True)
class Hosted:
    """A tenant as the platform's operator sees it."""

    name: str
    slug: str
    created: datetime
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class Platform:
    """Who operates the platform, and the first of its tenants."""

    person: str
    tenants: list[Hosted]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Known:
    """A dataset and how many rows of it are the tenant's."""

    name: str
    title: str
    description: str
    rows: int


@dataclass(frozen=True, slots=True)
class Ran:
    """A run as the list shows it."""

    id: UUID
    title: str
    status: str
    queue: str
    priority: int
    tries: int
    who: str
    ordered: datetime
    started: datetime | None
    finished: datetime | None
    progress: float | None
    error: str | None
    now: datetime

    @property
    def is_live(self) -> bool:
        """Whether it still waits or works."""
        return self.status in LIVE


class Store:
    """Asks and orders for one visit."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._visit = visit
        self._actor = visit.actor
        self._database = visit.house.database
        self._shelf = Shelf(visit.house.notebooks)

    @property
    def may_start(self) -> bool:
        """Whether it makes sense to offer starting a run; the command decides."""
        return self._actor.may(Permission.RUN_START)

    async def welcome(self) -> Welcome:
        """The names of the visitor, the tenant and the role."""
        actor = self._actor
        # Readers do not see users; the application lets everybody see oneself.
        async with self._database.session(actor) as session:
            user = await session.scalar(identity.myself(actor))
            tenant = await session.scalar(tenants.tenant(actor, actor.require_tenant()))
        role = next((role for role, held in ROLES.items() if held == actor.permissions), "member")
        return Welcome(user.name if user else "", tenant.name if tenant else "", str(role))

    async def platform(self, most: int = SHOWN_TENANTS) -> Platform:
        """The tenants of the platform by slug, for its operator."""
        actor = self._actor
        actor.require(Permission.PLATFORM_READ)
        async with self._database.session(actor) as session:
            user = await session.scalar(identity.myself(actor))
            found = (await session.scalars(tenants.tenants(actor).limit(most + 1))).all()
        hosted = [
            Hosted(t.name, t.slug, t.created_at, t.suspended_at is not None) for t in found[:most]
        ]
        return Platform(user.name if user else "", hosted, has_more=len(found) > most)

    async def datasets(self) -> list[Known]:
        """The tenant's datasets with their rows, counted at the same time."""
        async with self._database.reading(self._actor) as session:
            found = (await session.scalars(datasets.datasets(self._actor))).all()
        async with reads.noted(self._visit, "home", "datasets"):
            rows = await asyncio.gather(*(self._count(dataset) for dataset in found))
        return [
            Known(d.definition.name, d.definition.title, d.definition.description, count)
            for d, count in zip(found, rows, strict=True)
        ]

    def notebooks(self) -> list[Notebook]:
        """The notebooks that the actor can start here, by title."""
        may = self._actor.may(Permission.SANDBOX_RUN)
        found = notebooks.notebooks(self._actor, self._shelf)
        return [notebook for notebook in found if may or not notebook.sandbox]

    async def runs(self, now: datetime | None = None) -> list[Ran]:
        """The last runs of the tenant, the newest first."""
        statement = queries.runs(self._actor, limit=SHOWN_RUNS)
        async with self._database.reading(self._actor) as session:
            found = (await session.scalars(statement)).all()
        return self._shown(found[:SHOWN_RUNS], now or datetime.now(UTC))

    async def start(self, notebook: str, parameters: dict[str, Any]) -> None:
        """Order a run of a notebook."""
        chosen = notebooks.notebook(self._actor, self._shelf, notebook)
        async with self._database.session(self._actor) as session:
            quota = self._visit.house.quota
            await commands.start(session, self._actor, chosen, parameters, quota=quota)

    def _shown(self, runs: Sequence[Run], now: datetime) -> list[Ran]:
        titles = {notebook.name: notebook.title for notebook in self._shelf.all()}
        return [
            Ran(
                id=run.id,
                title=titles.get(run.notebook, run.notebook),
                status=run.status,
                queue=run.queue,
                priority=run.priority,
                tries=run.retried + 1,
                who="you" if run.requested_by == self._actor.user_id else "a colleague",
                ordered=run.created_at,
                started=run.started_at,
                finished=run.finished_at,
                progress=run.progress,
                error=run.error,
                now=now,
            )
            for run in runs
        ]

    async def _count(self, dataset: Dataset) -> int:
        async with self._database.reading(self._actor) as session:
            count = await session.scalar(datasets.count(self._actor, dataset)) or 0
        reads.count(dataset.definition.name, 1)
        return count
