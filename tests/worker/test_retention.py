"""Rows that were deleted long ago go for good, and no other row does."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from tests.support import people, samples
from workbench.actor import Actor
from workbench.audit import AuditEntry
from workbench.datasets import commands, queries, tables
from workbench.datasets.models import Dataset
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.permissions import Role
from workbench.tenants.models import Tenant
from workbench.worker import retention

NAME = "sample_trips"
LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
async def owner(database: Database, tenant: Tenant) -> Actor:
    """An owner of a tenant that has the dataset."""
    await samples.shared(database, samples.TRIPS)
    await commands.adopt_shared(database, tenant.id)
    return await people.make_actor(database, tenant.id, Role.OWNER)


async def dataset_of(database: Database, actor: Actor) -> Dataset:
    """The actor's own trips."""
    async with database.session(actor) as session:
        return (await session.scalars(queries.dataset(actor, NAME))).one()


async def add(database: Database, actor: Actor, count: int) -> list[int]:
    """Add so many rows."""
    async with database.session(actor) as session:
        return await commands.add_rows(session, actor, NAME, [{"delay": n} for n in range(count)])


async def remove(database: Database, actor: Actor, *ids: int) -> None:
    """Delete rows."""
    async with database.session(actor) as session:
        for row_id in ids:
            await commands.delete_row(session, actor, NAME, row_id)


async def left(database: Database, actor: Actor) -> tuple[int, int]:
    """How many rows lie in the table, and how many of them are deleted."""
    rows = tables.rows((await dataset_of(database, actor)).definition)
    async with database.session(actor) as session:
        counts = select(func.count(), func.count(rows.c.deleted_at)).select_from(rows)
        every, deleted = (await session.execute(counts)).one()
    return every, deleted


async def test_live_and_lately_deleted_rows_stay(database: Database, owner: Actor) -> None:
    """Only what was deleted before the time goes, whenever one looks."""
    ids = await add(database, owner, 5)
    await remove(database, owner, ids[0], ids[1])
    assert await retention.purge(database, datetime.now(UTC) - timedelta(days=30)) == 0
    assert await left(database, owner) == (5, 2)
    await retention.purge(database, LATER)
    assert await left(database, owner) == (3, 0)
    await retention.purge(database, LATER)
    assert await left(database, owner) == (3, 0)


async def test_each_tenant_is_told_how_much_went(
    database: Database, owner: Actor, other_tenant: Tenant
) -> None:
    """Every tenant's own entry counts its own rows."""
    await commands.adopt_shared(database, other_tenant.id)
    neighbour = await people.make_actor(database, other_tenant.id, Role.OWNER)
    for who, count in ((owner, 3), (neighbour, 1)):
        await remove(database, who, *await add(database, who, count))
    await retention.purge(database, LATER)
    for who, count in ((owner, 3), (neighbour, 1)):
        async with database.session(who) as session:
            entries = select(AuditEntry).where(AuditEntry.action == "row.purge")
            (entry,) = (await session.scalars(entries)).all()
        assert (entry.rows, entry.subject) == (count, "system:retention")
        assert entry.target == f"dataset {NAME}"


async def test_it_goes_in_batches_and_waits_for_nobody(database: Database, owner: Actor) -> None:
    """A row that somebody restores at that moment is left out, and stays when it is live."""
    ids = await add(database, owner, 5)
    await remove(database, owner, *ids)
    dataset = await dataset_of(database, owner)
    async with database.session(owner) as restoring:
        await commands.restore_row(restoring, owner, NAME, ids[0])
        # A change of rows counts a version at its end, which the restoring one holds: so look only.
        async with database.session(owner) as session:
            await session.execute(text("set local lock_timeout = '2s'"))
            rows = tables.rows(dataset.definition)
            due = select(rows.c.row_id).where(rows.c.deleted_at < LATER)
            gone = (await session.scalars(due.with_for_update(skip_locked=True))).all()
        assert set(gone) == set(ids[1:])
    counts = []
    for _ in range(3):
        async with database.session(owner) as session:
            counts.append(await commands.purge_rows(session, owner, dataset, before=LATER, most=2))
    assert counts == [2, 2, 0]
    assert await left(database, owner) == (1, 0)


async def test_it_needs_the_permission(database: Database, owner: Actor, tenant: Tenant) -> None:
    """Who reads purges nothing; who writes may, as the worker does."""
    await remove(database, owner, *await add(database, owner, 1))
    dataset = await dataset_of(database, owner)
    analyst = await people.make_actor(database, tenant.id, Role.ANALYST)
    async with database.session(analyst) as session:
        with pytest.raises(Forbidden):
            await commands.purge_rows(session, analyst, dataset, before=LATER)
    async with database.session(owner) as session:
        assert await commands.purge_rows(session, owner, dataset, before=LATER) == 1
