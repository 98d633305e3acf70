"""What the worker does about files: purged after a month, given up after a day, never an orphan."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import MakeActor
from tests.files.conftest import BOUNDS, Used, pieces, used
from workbench.actor import Actor
from workbench.db import soft_delete
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.files import commands, queries
from workbench.files.arrivals import Arrival
from workbench.files.models import File
from workbench.files.schemas import NewUpload
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant
from workbench.worker import tidying

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
CONTENT = b"abc" * 100

__all__ = ["used"]

pytestmark = pytest.mark.acts_as("engineer")


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """An empty folder."""
    return Storage(tmp_path.as_uri())


@pytest.fixture
def now() -> datetime:
    """The present, which tests move on."""
    return datetime.now(UTC)


async def put(database: Database, actor: Actor, storage: Storage) -> File:
    """Keep a file."""
    return await commands.put(database, actor, storage, BOUNDS, pieces(CONTENT), name="a.csv")


def keys(storage: Storage, actor: Actor) -> set[str]:
    """What lies there for the actor's tenant."""
    return set(storage.keys(actor.require_tenant()))


async def marks(database: Database, actor: Actor, *files: File) -> list[datetime | None]:
    """Since when the bytes of files are missing."""
    async with database.session(actor) as session:
        found = {file.id: file.lost_at for file in await session.scalars(queries.files(actor))}
    return [found[file.id] for file in files]


async def test_what_was_deleted_goes_after_a_month(
    database: Database, actor: Actor, storage: Storage, now: datetime, used: Used
) -> None:
    """Row, bytes and room; until then it can be restored, and what was not deleted stays."""
    kept, gone = await put(database, actor, storage), await put(database, actor, storage)
    async with database.session(actor) as session:
        await commands.remove(session, actor, gone.id)
    await tidying.tidy(database, storage, now + soft_delete.RETENTION - MINUTE)
    assert keys(storage, actor) == {kept.storage_key, gone.storage_key}
    await tidying.tidy(database, storage, now + soft_delete.RETENTION + MINUTE)
    assert keys(storage, actor) == {kept.storage_key}
    assert await used() == len(CONTENT)
    async with database.session(actor) as session:
        assert (await session.scalars(queries.files(actor, deleted=True))).all() == []
        assert await session.scalar(queries.file(actor, kept.id)) is not None


async def test_an_upload_is_given_up_after_a_day(
    database: Database, actor: Actor, storage: Storage, now: datetime, used: Used
) -> None:
    """One in parts, and one whose process died in the middle, with parts and room."""
    async with database.session(actor) as session:
        order = NewUpload(name="x", size=1000)
        upload = await commands.begin(session, actor, BOUNDS, order)
    await commands.append(database, actor, storage, upload.id, pieces(CONTENT), offset=0)
    # A process that dies undoes nothing: this arrival is never ended.
    await Arrival(database, storage, actor, BOUNDS).receive(pieces(CONTENT))
    assert len(keys(storage, actor)) == 2
    await tidying.tidy(database, storage, now + DAY - MINUTE)
    assert len(keys(storage, actor)) == 2
    await tidying.tidy(database, storage, now + DAY + MINUTE)
    assert keys(storage, actor) == set()
    assert await used() == 0


async def test_bytes_without_a_row_go_after_a_day(
    database: Database, actor: Actor, storage: Storage, now: datetime
) -> None:
    """Files, deleted ones too, and uploads keep theirs; what no row names goes (F6)."""
    kept, deleted = await put(database, actor, storage), await put(database, actor, storage)
    async with database.session(actor) as session:
        await commands.remove(session, actor, deleted.id)
    arrival = Arrival(database, storage, actor, BOUNDS)
    await arrival.receive(pieces(CONTENT))
    tenant_id = actor.require_tenant()
    orphans = {
        Storage.key(tenant_id, "files", new_id(), "content-1"),
        Storage.key(tenant_id, "files", kept.id, "part-1"),
    }
    elsewhere = Storage.key(tenant_id, "runs", new_id(), "report.html")
    for key in (*orphans, elsewhere):
        with storage.write(key) as file:
            file.write(b"x")
    before = keys(storage, actor)
    await tidying.sweep(database, storage, now + DAY - MINUTE)
    assert keys(storage, actor) == before
    await tidying.sweep(database, storage, now + DAY + MINUTE)
    assert keys(storage, actor) == before - orphans
    assert elsewhere in keys(storage, actor)


async def test_bytes_are_found_where_no_row_is_left(
    database: Database, actor: Actor, storage: Storage, now: datetime
) -> None:
    """A tenant whose last file was purged is swept as well."""
    file = await put(database, actor, storage)
    async with database.session(actor) as session:
        await commands.remove(session, actor, file.id)
    late = now + soft_delete.RETENTION + MINUTE
    async with database.session(actor) as session:  # whose process dies before the bytes go
        assert await commands.purge(session, actor, before=late, most=9) == [file.storage_key]
    assert keys(storage, actor) == {file.storage_key}
    await tidying.sweep(database, storage, late)
    assert keys(storage, actor) == set()


async def test_a_file_without_bytes_is_marked(
    database: Database, actor: Actor, storage: Storage, now: datetime
) -> None:
    """It says since when, once, and no more when the bytes are back."""
    kept, lost = await put(database, actor, storage), await put(database, actor, storage)
    storage.remove(lost.storage_key)
    late = now + DAY + MINUTE
    await tidying.sweep(database, storage, now)
    assert await marks(database, actor, kept, lost) == [None, None]
    await tidying.sweep(database, storage, late)
    await tidying.sweep(database, storage, late + DAY)
    assert await marks(database, actor, kept, lost) == [None, late]
    with storage.write(lost.storage_key) as file:
        file.write(CONTENT)
    await tidying.sweep(database, storage, late + DAY)
    assert await marks(database, actor, kept, lost) == [None, None]


async def test_tenants_are_looked_after_one_by_one(
    database: Database,
    actor: Actor,
    storage: Storage,
    now: datetime,
    make_actor: MakeActor,
    other_tenant: Tenant,
) -> None:
    """What goes in one leaves the other's alone."""
    other = await make_actor(other_tenant, Role.ENGINEER)
    mine, theirs = await put(database, actor, storage), await put(database, other, storage)
    async with database.session(other) as session:
        await commands.remove(session, other, theirs.id)
    await tidying.tidy(database, storage, now + soft_delete.RETENTION + MINUTE)
    assert keys(storage, other) == set()
    assert keys(storage, actor) == {mine.storage_key}
