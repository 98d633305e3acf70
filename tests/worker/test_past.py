"""Runs that were deleted long ago go for good with what they left, and no others do."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from tests.conftest import MakeActor
from tests.support.worked import work
from workbench.actor import Actor
from workbench.audit import AuditEntry
from workbench.db.session import Database
from workbench.files.models import File, FileQuota
from workbench.notebooks import Shelf
from workbench.permissions import Role
from workbench.runs import commands, trash
from workbench.runs.models import Artifact, Metric, Run
from workbench.runs.schemas import MetricMessage
from workbench.settings import ROOT
from workbench.storage import Storage
from workbench.tenants.models import Tenant
from workbench.worker import past

LATER = datetime.now(UTC) + timedelta(days=1)
FILES = {"report.html": b"x" * 10, "notebook.ipynb": b"{}"}


async def counted(database: Database, actor: Actor) -> tuple[int, ...]:
    """How many rows there are of runs and what they left, deleted ones among them."""
    async with database.session(actor) as session:
        counts = []
        for model in (Run, Metric, Artifact, File):
            every = select(func.count()).select_from(model)
            every = every.where(model.tenant_id == actor.require_tenant())
            counts.append(await session.scalar(every.execution_options(include_deleted=True)) or 0)
        counts.append(await session.scalar(select(FileQuota.used)) or 0)
    return tuple(counts)


async def test_only_what_was_deleted_long_ago_goes(
    database: Database, tenant: Tenant, other_tenant: Tenant, make_actor: MakeActor
) -> None:  # fmt: skip
    """Rows, bytes and room go, also those of an earlier attempt; each tenant is told of its own."""
    storage = Storage("memory://past")
    notebook = Shelf(ROOT / "notebooks").named("tenant_report")
    owners = [await make_actor(each, Role.OWNER) for each in (tenant, other_tenant)]
    runs: dict[Actor, list[Run]] = {}
    for owner in owners:
        runs[owner] = []
        for _ in range(2):
            async with database.session(owner) as session:
                run = await commands.start(session, owner, notebook, {})
            place = database, storage, owner.require_tenant(), run.id
            await work(*place, MetricMessage(name="rows", value=1), files=FILES)
            runs[owner].append(run)
    first, second = owners
    async with database.session(first) as session:
        await commands.retry(session, first, runs[first][0].id)
    await work(database, storage, tenant.id, runs[first][0].id)
    async with database.session(first) as session:
        await trash.remove(session, first, runs[first][1].id)

    assert await past.purge(database, storage, datetime.now(UTC) - timedelta(days=30)) == 0
    assert await counted(database, first) == (2, 2, 4, 4, 24)
    assert await past.purge(database, storage, LATER) == 1
    # The file of the attempt before is the files room's own to purge.
    assert await counted(database, first) == (1, 0, 0, 2, 12)
    assert await counted(database, second) == (2, 2, 4, 4, 24)
    assert len([*storage.folder(tenant.id)]) == 2
    assert await past.purge(database, storage, LATER) == 0
    purged = select(AuditEntry).where(AuditEntry.action == "run.purge")
    async with database.session(first) as session:
        [entry] = (await session.scalars(purged)).all()
    assert (entry.rows, entry.subject) == (1, "system:retention")
    assert entry.details["runs"] == [str(runs[first][1].id)]
    async with database.session(second) as session:
        assert (await session.scalars(purged)).all() == []
