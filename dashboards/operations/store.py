"""The only way from the dashboard of operations to the database, as the operator."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from dashboards.visits import Visit
from workbench.datasets import commands as datasets
from workbench.errors import NotFound
from workbench.operations import commands, figures, health
from workbench.operations.schemas import (
    Check,
    DatabaseView,
    DayUse,
    FailedJob,
    FailedRuns,
    RowsHeld,
    TenantUse,
    Work,
)
from workbench.permissions import Permission
from workbench.tenants import commands as tenants
from workbench.tenants import purges, queries
from workbench.tenants.models import Tenant

COUNTED_FOR = timedelta(minutes=5)  # rows take an index of every dataset to count


@dataclass(frozen=True, slots=True)
class Now:
    """How everything is at a moment."""

    at: datetime
    checks: list[Check]
    work: Work
    database: DatabaseView


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was given up, and which runs of a day failed."""

    jobs: list[FailedJob]
    runs: list[FailedRuns]


@dataclass(frozen=True, slots=True)
class Gone:
    """A tenant that is deleted and not purged."""

    id: UUID
    slug: str
    name: str
    deleted: datetime | None


class Store:
    """Asks and orders for one visit."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._visit = visit
        self._actor = visit.actor
        self._database = visit.house.database
        self._rows: dict[UUID, RowsHeld] = {}
        self._counted: datetime | None = None

    @property
    def is_operators(self) -> bool:
        """Whether the page makes sense for the visitor; each query asks for itself."""
        return self._actor.tenant_id is None and self._actor.may(Permission.PLATFORM_READ)

    async def now(self, at: datetime | None = None) -> Now:
        """How database, queue, workers, mail and files are."""
        at = at or datetime.now(UTC)
        async with self._database.session(self._actor) as session:
            database = await figures.database(session, self._actor, at)
            work = await figures.work(session, self._actor, at)
        checks = health.checks(database, work, at)
        if self._visit.house.storage is not None:
            checks.append(await asyncio.to_thread(health.storage, self._visit.house.storage))
        return Now(at, checks, work, database)

    async def tenants(self) -> list[TenantUse]:
        """The tenants with what they use, by slug."""
        quota = self._visit.house.file_quota
        async with self._database.session(self._actor) as session:
            return await figures.tenants(session, self._actor, datetime.now(UTC), file_quota=quota)

    async def rows(self) -> dict[UUID, RowsHeld]:
        """How many rows the tenants have, counted anew after a while."""
        at = datetime.now(UTC)
        if self._counted is None or at - self._counted > COUNTED_FOR:
            async with self._database.session(self._actor) as session:
                found = await figures.rows_held(session, self._actor)
            self._rows = {each.tenant_id: each for each in found}
            self._counted = at
        return self._rows

    async def days(self, count: int) -> list[DayUse]:
        """What was ordered on each of the last days."""
        async with self._database.session(self._actor) as session:
            return await figures.days(session, self._actor, datetime.now(UTC), count)

    async def trouble(self) -> Trouble:
        """What was given up."""
        async with self._database.session(self._actor) as session:
            jobs = await figures.failed_jobs(session, self._actor)
            runs = await figures.failed_runs(session, self._actor, datetime.now(UTC))
        return Trouble(jobs, runs)

    async def gone(self) -> Sequence[Gone]:
        """The tenants that can be brought back."""
        async with self._database.session(self._actor) as session:
            found = await session.scalars(purges.deleted(self._actor))
            return [Gone(t.id, t.slug, t.name, t.deleted_at) for t in found]

    async def make(self, slug: str, name: str) -> None:
        """Make a tenant with every shared dataset."""
        self._actor.require(Permission.PLATFORM_READ)
        async with self._database.session(self._actor) as session:
            made = await tenants.create(session, self._actor, slug=slug, name=name)
            await datasets.adopt(session, self._actor, made.id)

    async def suspend(self, slug: str, reason: str) -> None:
        """Take every access to a tenant, and keep its data."""
        async with self._database.session(self._actor) as session:
            now, actor = datetime.now(UTC), self._actor
            found = await session.scalar(queries.tenant_with_slug(actor, slug))
            await tenants.suspend(session, actor, _there(found).id, now, reason=reason or None)

    async def resume(self, slug: str) -> None:
        """Let the members of a suspended tenant in again."""
        async with self._database.session(self._actor) as session:
            found = await session.scalar(queries.tenant_with_slug(self._actor, slug))
            await tenants.resume(session, self._actor, _there(found).id)

    async def restore(self, tenant_id: UUID) -> None:
        """Bring a deleted tenant back."""
        async with self._database.session(self._actor) as session:
            await tenants.restore(session, self._actor, tenant_id)

    async def retry(self, job_id: int) -> None:
        """Put a job that was given up back into the queue."""
        async with self._database.session(self._actor) as session:
            await commands.retry_job(session, self._actor, job_id)


def _there(found: Tenant | None) -> Tenant:
    if found is None:
        raise NotFound("This tenant is not there any more.")
    return found
