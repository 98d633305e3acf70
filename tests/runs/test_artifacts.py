"""What runs leave lies in the room of files: counted, replaced, put away and purged."""

import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.db import soft_delete
from workbench.db.session import Database
from workbench.errors import Forbidden, NotFound
from workbench.files import arrivals, quotas, writing
from workbench.files.errors import QuotaExceeded
from workbench.files.models import File
from workbench.files.schemas import Bounds
from workbench.permissions import Role
from workbench.runs import artifacts, attempts, commands, queries
from workbench.runs.attempts import Attempt, StaleAttempt
from workbench.runs.models import Artifact, Run
from workbench.runs.schemas import Status
from workbench.storage import Storage
from workbench.tenants.models import Tenant
from workbench.worker import tidying

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOUNDS = Bounds(file=100, tenant=150)
Order = Callable[[Actor], Awaitable[Run]]


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """An empty folder."""
    return Storage(tmp_path.as_uri())


class Leaving:
    """A run, what its attempts leave, and what the tenant's room holds of it."""

    def __init__(self, database: Database, storage: Storage, keeper: Actor, run: Run) -> None:
        """For an ordered run."""
        self.database, self.storage, self.keeper, self.run = database, storage, keeper, run

    async def begin(self) -> Attempt:
        """Take the run as its next attempt."""
        async with self.database.session(self.keeper) as session:
            begun = await attempts.begin(session, self.keeper, self.run.id, NOW)
        return Attempt(self.run.id, begun.attempt)

    async def publish(self, attempt: Attempt, size: int, name: str = "words.txt") -> list[str]:
        """Publish so many bytes, and answer where those lie that they replace."""
        place = self.database, self.storage, self.keeper, BOUNDS
        async with artifacts.arriving(*place) as arrival:
            await arrival.receive(writing.blocks(io.BytesIO(b"x" * size)), expected=size)
            async with self.database.session(self.keeper) as session:
                return await artifacts.publish(
                    *(session, self.keeper, attempt, arrival), name=name, media_type="text/csv"
                )

    async def used(self) -> int:
        """How many bytes count."""
        system = arrivals.keeper(self.run.tenant_id)
        async with self.database.session(system) as session:
            found = await session.scalar(quotas.quota(system))
        return 0 if found is None else found.used

    async def files(self) -> list[File]:
        """The files of the run, deleted ones too."""
        system = arrivals.keeper(self.run.tenant_id)
        found = select(File).where(File.tenant_id == self.run.tenant_id).order_by(File.id)
        async with self.database.session(system) as session:
            return list(await session.scalars(found.execution_options(include_deleted=True)))

    def keys(self) -> list[str]:
        """What lies in storage."""
        return sorted(self.storage.keys(self.run.tenant_id))


@pytest.fixture
async def leaving(
    database: Database, storage: Storage, actor: Actor, keeper: Actor, order: Order
) -> Leaving:
    """An ordered run."""
    return Leaving(database, storage, keeper, await order(actor))


async def test_what_a_kernel_publishes_counts_until_it_is_replaced(leaving: Leaving) -> None:
    """By size and hash, under the run's id; what does not fit and what comes late leave nothing."""
    attempt = await leaving.begin()
    assert await leaving.publish(attempt, 90) == []
    (first,) = await leaving.files()
    assert (first.name, first.kind, first.owner_id) == ("words.txt", "artifact", leaving.run.id)
    assert (first.size, await leaving.used(), leaving.keys()) == (90, 90, [first.storage_key])
    with pytest.raises(QuotaExceeded):
        await leaving.publish(attempt, 61, "more.txt")
    assert await leaving.publish(attempt, 60) == [first.storage_key]
    (second,) = await leaving.files()
    assert (second.size, await leaving.used()) == (60, 60)
    leaving.storage.remove(first.storage_key)
    with pytest.raises(StaleAttempt):
        await leaving.publish(Attempt(attempt.run_id, 7), 10, "late.txt")
    assert (await leaving.used(), leaving.keys()) == (60, [second.storage_key])


async def test_a_new_attempt_deletes_what_the_last_one_left(leaving: Leaving, actor: Actor) -> None:
    """It counts for a month; then row, bytes and room go, and the record of it stays."""
    attempt, database, keeper = await leaving.begin(), leaving.database, leaving.keeper
    await leaving.publish(attempt, 70)
    async with database.session(keeper) as session:
        await attempts.finish(session, keeper, attempt, Status.FAILED, NOW)
    async with database.session(actor) as session:
        await commands.retry(session, actor, leaving.run.id)
    second = await leaving.begin()
    await leaving.publish(second, 30)
    former, present = await leaving.files()
    assert (former.deleted_at is None, present.deleted_at is None) == (False, True)
    assert await leaving.used() == 100
    late = datetime.now(UTC) + soft_delete.RETENTION + timedelta(minutes=1)
    await tidying.tidy(database, leaving.storage, late)
    assert [file.id for file in await leaving.files()] == [present.id]
    assert (await leaving.used(), leaving.keys()) == (30, [present.storage_key])
    every = select(Artifact.file_id).where(Artifact.run_id == leaving.run.id)
    async with database.session(actor) as session:
        kept = await session.scalars(every.execution_options(include_deleted=True))
        assert set(kept) == {None, present.id}


async def test_what_was_left_before_is_swept_and_counted(
    leaving: Leaving,
) -> None:
    """A folder of an attempt: what a file names is read, what none names goes after a day."""
    await leaving.publish(await leaving.begin(), 20)
    (file,) = await leaving.files()
    old, orphan = (
        Storage.key(leaving.run.tenant_id, "runs-1", leaving.run.id, name) for name in ("a", "b")
    )
    for key in (old, orphan):
        with leaving.storage.write(key) as target:
            target.write(b"12345")
    system = arrivals.keeper(leaving.run.tenant_id)
    async with leaving.database.session(system) as session:
        found = (await session.scalars(select(File).where(File.id == file.id))).one()
        found.storage_key, found.sha256, found.size = old, None, 0
        (await quotas.locked(session, system)).used = 0
    await tidying.sweep(leaving.database, leaving.storage, datetime.now(UTC) + timedelta(days=2))
    (file,) = await leaving.files()
    assert (file.size, file.lost_at, await leaving.used()) == (5, None, 5)
    assert leaving.keys() == [old]


async def test_who_reads_the_run_has_its_files(
    leaving: Leaving, make_actor: MakeActor, tenant: Tenant, other_tenant: Tenant
) -> None:
    """A viewer, who reads no other files; nobody of another tenant, and a viewer leaves none."""
    await leaving.publish(await leaving.begin(), 20)
    (file,) = await leaving.files()
    viewer = await make_actor(tenant, Role.VIEWER)
    stranger = await make_actor(other_tenant, Role.OWNER)
    async with leaving.database.session(viewer) as session:
        found = (await session.scalars(queries.artifacts(viewer, leaving.run.id))).one()
        assert await artifacts.place(session, viewer, found) == file.storage_key
    async with leaving.database.session(stranger) as session:
        assert await session.scalar(queries.artifacts(stranger, leaving.run.id)) is None
        with pytest.raises(NotFound):
            await artifacts.place(session, stranger, found)
    with pytest.raises(Forbidden):
        artifacts.arriving(leaving.database, leaving.storage, viewer, BOUNDS)
