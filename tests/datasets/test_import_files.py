"""What imports keep lies in the room of files: counted, guarded by its owner, forgotten never."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.conftest import MakeActor
from tests.datasets.importing import Imports
from tests.support import samples
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.datasets.errors import DatasetNotFound
from workbench.datasets.models import Import
from workbench.datasets.schemas import ImportOrder
from workbench.db import soft_delete
from workbench.db.session import Database
from workbench.errors import Forbidden, NotFound
from workbench.files import arrivals, quotas, writing
from workbench.files import commands as files
from workbench.files import queries as kept
from workbench.files.errors import FileTooLarge, QuotaExceeded
from workbench.files.models import File
from workbench.files.schemas import Bounds, Kind
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant
from workbench.worker import datasets, tidying

GOOD, BAD = b"carrier,delay\nUA,1\n", b"carrier,delay\nUA,1\nUA,x\n"
ALL_BAD = b"carrier,delay\nUA,x\n"

pytestmark = [pytest.mark.usefixtures("empty"), pytest.mark.acts_as("engineer")]


async def used(database: Database, actor: Actor) -> int:
    """How many bytes the tenant's files take, with what is reserved."""
    system = arrivals.keeper(actor.require_tenant())
    async with database.session(system) as session:
        found = await session.scalar(quotas.quota(system))
    return 0 if found is None else found.used


async def every(database: Database, actor: Actor) -> dict[str, File]:
    """Every file of the tenant by its kind, deleted ones too."""
    system = arrivals.keeper(actor.require_tenant())
    async with database.session(system) as session:
        found = select(File).where(File.tenant_id == system.tenant_id)
        rows = await session.scalars(found.execution_options(include_deleted=True))
        return {file.kind: file for file in rows}


async def send(
    imports: Imports, content: bytes, bounds: Bounds, name: str = "sample_trips"
) -> Import:
    """Order an import where there is so much room."""
    return await commands.send_import(
        *(imports.database, imports.storage, bounds, imports.actor, name),
        writing.blocks(io.BytesIO(content)),
        file_name="a/../b.csv",
    )


class TestRoom:
    """How much of it imports take."""

    async def test_file_and_rejects_count(self, imports: Imports, actor: Actor) -> None:
        """By size and hash, under the import's id, as who ordered it."""
        order = await imports.run(BAD)
        found = await every(imports.database, actor)
        file, refused = found["import"], found["reject"]
        assert (order.file_id, order.rejects_id) == (file.id, refused.id)
        assert {file.owner_id, refused.owner_id} == {order.id}
        assert (file.size, file.media_type, file.created_by) == (
            len(BAD), "text/plain", actor.user_id,
        )  # fmt: skip
        assert refused.size == len(await imports.rejects_file(order))
        assert await used(imports.database, actor) == file.size + refused.size

    async def test_what_does_not_fit_is_refused(self, imports: Imports, actor: Actor) -> None:
        """Neither bytes nor import nor room are taken; what fits to the byte is."""
        size = len(GOOD)
        for bounds, error in (
            (Bounds(file=size, tenant=size - 1), QuotaExceeded),
            (Bounds(file=size - 1, tenant=size), FileTooLarge),
        ):
            with pytest.raises(error):
                await send(imports, GOOD, bounds)
        assert list(imports.storage.keys(actor.require_tenant())) == []
        assert await used(imports.database, actor) == 0
        order = await send(imports, GOOD, Bounds(file=size, tenant=size))
        assert (await samples.load(imports.database, imports.storage, order)).rows_loaded == 1
        assert await used(imports.database, actor) == size

    async def test_rejects_are_kept_without_room(self, imports: Imports, actor: Actor) -> None:
        """What was refused is never lost; only then nothing more can be sent."""
        bounds = Bounds(file=100, tenant=len(BAD))
        order = await send(imports, BAD, bounds)
        done = await samples.load(imports.database, imports.storage, order)
        assert (done.status, done.rejects_id is not None) == ("partial", True)
        assert await used(imports.database, actor) > bounds.tenant
        with pytest.raises(QuotaExceeded):
            await send(imports, GOOD, bounds)

    async def test_an_order_that_cannot_be_leaves_nothing(
        self, imports: Imports, actor: Actor
    ) -> None:
        """Its file is gone with it, and the room is free."""
        with pytest.raises(DatasetNotFound):
            await send(imports, GOOD, samples.BOUNDS, "no_such")
        assert list(imports.storage.keys(actor.require_tenant())) == []
        assert await used(imports.database, actor) == 0

    async def test_a_load_that_breaks_off_leaves_no_rejects(
        self, imports: Imports, actor: Actor
    ) -> None:
        """No row; and bytes that a lost process leaves go with the sweep, the file's stay."""
        order = await send(imports, BAD, samples.BOUNDS)
        worker = samples.loader(order.tenant_id)
        async with imports.database.session(worker) as session:
            await commands.load(session, worker, imports.storage, order.id)
            await session.rollback()
        tenant_id = actor.require_tenant()
        assert list(await every(imports.database, actor)) == ["import"]
        assert len(list(imports.storage.keys(tenant_id))) == 2
        await tidying.sweep(
            imports.database, imports.storage, datetime.now(UTC) + timedelta(days=1, minutes=1)
        )
        assert len(list(imports.storage.keys(tenant_id))) == 1
        assert await used(imports.database, actor) == len(BAD)

    async def test_an_import_that_is_loaded_again_drops_its_rejects(
        self, imports: Imports, actor: Actor
    ) -> None:
        """They are deleted as files are, and purged after a month with their room."""
        order = await imports.run(ALL_BAD)
        assert (order.status, order.rejects_id is None) == ("failed", False)
        async with imports.database.session(actor) as session:
            again = await commands.retry_import(session, actor, order.id)
            assert again.rejects_id is None
        assert (await every(imports.database, actor))["reject"].deleted_at is not None
        late = datetime.now(UTC) + soft_delete.RETENTION + timedelta(minutes=1)
        await tidying.tidy(imports.database, imports.storage, late)
        assert list(await every(imports.database, actor)) == ["import"]
        assert await used(imports.database, actor) == len(ALL_BAD)
        done = await samples.load(imports.database, imports.storage, again)
        assert done.rejects_id is not None

    async def test_a_file_from_before_is_read(self, imports: Imports, actor: Actor) -> None:
        """What has no hash gets it, with its size, from the next sweep; and only once."""
        order = await imports.run(GOOD)
        system = arrivals.keeper(order.tenant_id)
        async with imports.database.session(system) as session:
            file = (await session.scalars(select(File).where(File.id == order.file_id))).one()
            file.size, file.sha256 = 0, None
            (await quotas.locked(session, system)).used = 0
        for _ in range(2):
            await tidying.sweep(imports.database, imports.storage, datetime.now(UTC))
            read = (await every(imports.database, actor))["import"]
            assert (read.size, read.sha256 is None) == (len(GOOD), False)
            assert await used(imports.database, actor) == len(GOOD)

    async def test_a_purged_dataset_gives_the_room_back(
        self, imports: Imports, actor: Actor
    ) -> None:
        """With the bytes of what was imported into it and refused; other files stay."""
        await imports.run(GOOD)
        order = await commands.send_import(
            *(imports.database, imports.storage, samples.BOUNDS, actor, "visits"),
            writing.blocks(io.BytesIO(b"site\n1\n2\n")),
            file_name="visits.csv",
            order=ImportOrder(mode="create"),
        )
        await samples.load(imports.database, imports.storage, order)
        maker = commands.as_maker(actor, order.dataset.definition)
        async with imports.database.session(maker) as session:
            await commands.delete_dataset(session, maker, "visits")
        assert await used(imports.database, actor) > len(GOOD)
        late = datetime.now(UTC) + soft_delete.RETENTION + timedelta(minutes=1)
        await datasets.sweep(imports.database, imports.storage, late)
        assert await used(imports.database, actor) == len(GOOD)
        assert len(list(imports.storage.keys(actor.require_tenant()))) == 1


class TestGuarded:
    """The room of files is no way around what imports ask."""

    async def test_it_shows_uploads_alone(self, imports: Imports, actor: Actor) -> None:
        """None of an import's can be found, fetched, deleted or restored there; an upload can."""
        order = await imports.run(BAD)
        database = imports.database
        upload = await files.put(
            database, actor, imports.storage, samples.BOUNDS, writing.blocks(io.BytesIO(b"x")),
            name="x",
        )  # fmt: skip
        async with database.session(actor) as session:
            found = (await session.scalars(kept.files(actor))).all()
        assert [file.id for file in found] == [upload.id]
        for file_id in (order.file_id, order.rejects_id):
            assert file_id is not None
            for step in (files.note_download, files.remove, files.restore):
                with pytest.raises(NotFound):
                    async with database.session(actor) as session:
                        await step(session, actor, file_id)
        for step in (files.note_download, files.remove, files.restore):
            async with database.session(actor) as session:
                await step(session, actor, upload.id)

    async def test_their_list_asks_for_both(self, imports: Imports, actor: Actor) -> None:
        """`file:read` and `import:read`: with one of them nothing is shown, by PostgreSQL too."""
        order = await imports.run(BAD)
        for kind, file_id in ((Kind.IMPORT, order.file_id), (Kind.REJECT, order.rejects_id)):
            async with imports.database.session(actor) as session:
                found = (await session.scalars(kept.files(actor, kind=kind))).all()
            assert [file.id for file in found] == [file_id]
            for lacks in (Permission.FILE_READ, Permission.IMPORT_READ):
                narrow = actor.narrowed(actor.permissions - {lacks})
                with pytest.raises(Forbidden):
                    kept.files(narrow, kind=kind)
                async with imports.database.session(narrow) as session:
                    assert (
                        await session.scalars(select(File).where(File.kind == kind))
                    ).all() == []

    async def test_who_imports_need_not_write_files(self, imports: Imports, actor: Actor) -> None:
        """Without `file:write` and `file:read` a file is imported, and its rejects fetched."""
        keys = {Permission.FILE_READ, Permission.FILE_WRITE}
        narrow = Imports(
            imports.database, imports.storage, actor.narrowed(actor.permissions - keys)
        )
        order = await narrow.run(BAD)
        assert b"must be a whole number" in await narrow.rejects_file(order)
        async with imports.database.session(narrow.actor) as session:
            with pytest.raises(Forbidden):
                await files.remove(session, narrow.actor, order.file_id)

    async def test_nobody_goes_on_as_workbench(self, imports: Imports, actor: Actor) -> None:
        """After a file was attached, and after one could not be found, the actor is told again."""
        order = await imports.run(BAD)
        assert order.rejects_id is not None
        narrow = actor.narrowed({Permission.IMPORT_READ, Permission.ROW_READ})
        async with imports.database.session(narrow) as session:
            for file_id in (order.rejects_id, order.id):
                try:
                    await files.place(session, narrow, file_id, Kind.REJECT)
                except NotFound:
                    assert file_id == order.id
                assert (await session.scalars(select(File))).all() == []

    async def test_another_tenant_finds_nothing(
        self, imports: Imports, other_tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Neither by list nor by id, nor can it make an import of the file."""
        order = await imports.run(BAD)
        other = await make_actor(other_tenant, Role.OWNER)
        async with imports.database.session(other) as session:
            for kind in Kind:
                assert (await session.scalars(kept.files(other, kind=kind))).all() == []
            with pytest.raises(NotFound):
                await files.place(session, other, order.file_id, Kind.IMPORT)
            assert await session.scalar(queries.import_(other, order.id)) is None
