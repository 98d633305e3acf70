"""Files in one go: kept with their bytes, or neither row nor bytes."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from tests.conftest import MakeActor
from tests.files.conftest import BOUNDS, Used, pieces
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Forbidden, NotFound
from workbench.files import commands, queries, quotas
from workbench.files.arrivals import arriving
from workbench.files.errors import FileTooLarge, QuotaExceeded, WrongChecksum
from workbench.files.models import File, Upload
from workbench.files.schemas import Bounds, Kind
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

CONTENT = b"dest,delay\n" * 100

pytestmark = pytest.mark.acts_as("engineer")


async def put(
    database: Database,
    actor: Actor,
    storage: Storage,
    content: bytes = CONTENT,
    bounds: Bounds = BOUNDS,
) -> File:
    """Keep a file."""
    return await commands.put(
        database, actor, storage, bounds, pieces(content), name="../flights.csv"
    )


async def kept_with(
    database: Database,
    actor: Actor,
    storage: Storage,
    statement: str = "select 1",
    *,
    sha256: str | None = None,
) -> File:
    """Keep a file in a transaction that also does something else."""
    async with arriving(database, storage, actor, BOUNDS) as arrival:
        await arrival.receive(pieces(CONTENT))
        async with database.session(actor) as session:
            file = await commands.keep(session, actor, arrival, name="x", sha256=sha256)
            await session.execute(text(statement))
    return file


async def uploads(database: Database, actor: Actor) -> int:
    """How many uploads are on their way."""
    async with database.session(actor) as session:
        return len((await session.scalars(select(Upload.id))).all())


class TestKeep:
    """A file that arrives."""

    async def test_it_is_there_with_its_bytes(
        self, database: Database, actor: Actor, storage: Storage, used: Used
    ) -> None:
        """Name, type, size, hash and bytes are those that came; the room is taken for just them."""
        file = await put(database, actor, storage)
        async with database.session(actor) as session:
            found = (await session.scalars(queries.file(actor, file.id))).one()
        assert (found.name, found.kind, found.media_type) == ("flights.csv", "upload", "text/plain")
        assert (found.size, found.created_by) == (len(CONTENT), actor.user_id)
        assert found.sha256 == hashlib.sha256(CONTENT).hexdigest()
        with storage.read(found.storage_key) as stored:
            assert stored.read() == CONTENT
        assert await used() == len(CONTENT)
        assert await uploads(database, actor) == 0

    async def test_it_stays_with_what_it_was_kept_with(
        self, database: Database, actor: Actor, storage: Storage
    ) -> None:
        """The right checksum, in whatever letters, and a transaction that ends well."""
        digest = hashlib.sha256(CONTENT).hexdigest().upper()
        file = await kept_with(database, actor, storage, sha256=digest)
        assert list(storage.keys(actor.require_tenant())) == [file.storage_key]

    async def test_an_error_after_the_commit_takes_nothing_back(
        self, database: Database, actor: Actor, storage: Storage, used: Used
    ) -> None:
        """What was committed has happened, bytes and all."""
        with suppress(InterruptedError):
            async with arriving(database, storage, actor, BOUNDS) as arrival:
                await arrival.receive(pieces(CONTENT))
                async with database.session(actor) as session:
                    await commands.keep(session, actor, arrival, name="x")
                raise InterruptedError
        async with database.session(actor) as session:
            file = (await session.scalars(queries.file(actor, arrival.id))).one()
        with storage.read(file.storage_key) as stored:
            assert stored.read() == CONTENT
        assert await used() == len(CONTENT)

    async def test_its_key_is_generated(
        self, database: Database, actor: Actor, storage: Storage
    ) -> None:
        """Nothing of its name is in it, and the tenant stands first (F1)."""
        file = await put(database, actor, storage)
        tenant, folder, owner, name = file.storage_key.split("/")
        assert (UUID(tenant), folder, UUID(owner)) == (actor.tenant_id, "files", file.id)
        assert name.startswith("content-")

    async def test_it_belongs_to_a_run_or_an_import(
        self, database: Database, actor: Actor, storage: Storage
    ) -> None:
        """Another room keeps it under its own id and kind, in its own transaction."""
        owner = new_id()
        async with arriving(database, storage, actor, BOUNDS) as arrival:
            await arrival.receive(pieces(CONTENT))
            async with database.session(actor) as session:
                kept = await commands.keep(
                    session, actor, arrival, name="x", kind=Kind.ARTIFACT, owner_id=owner
                )
        async with database.session(actor) as session:
            listed = (await session.scalars(queries.files(actor, kind=Kind.ARTIFACT))).all()
        assert [(file.id, file.owner_id) for file in listed] == [(kept.id, owner)]

    async def test_an_empty_file_is_one(
        self, database: Database, actor: Actor, storage: Storage
    ) -> None:
        """It has no bytes, and they can be read."""
        file = await put(database, actor, storage, b"")
        assert (file.size, file.media_type) == (0, "application/octet-stream")
        with storage.read(file.storage_key) as stored:
            assert stored.read() == b""

    async def test_an_analyst_keeps_none_and_reads(
        self,
        database: Database,
        actor: Actor,
        storage: Storage,
        make_actor: MakeActor,
        tenant: Tenant,
    ) -> None:
        """Without file:write nothing is written; with file:read it is seen."""
        file = await put(database, actor, storage)
        analyst = await make_actor(tenant, Role.ANALYST)
        before = list(storage.keys(tenant.id))
        with pytest.raises(Forbidden):
            await put(database, analyst, storage)
        assert list(storage.keys(tenant.id)) == before
        async with database.session(analyst) as session:
            assert await session.scalar(queries.file(analyst, file.id)) is not None


class TestRefused:
    """What leaves nothing behind: no row, no bytes, no room taken."""

    @pytest.fixture(autouse=True)
    async def _nothing_stays(
        self, database: Database, actor: Actor, storage: Storage, used: Used
    ) -> AsyncIterator[None]:
        """Whatever the test does, the tenant has afterwards what it had before."""
        yield
        assert list(storage.keys(actor.require_tenant())) == []
        assert await used() == 0
        assert await uploads(database, actor) == 0
        async with database.session(actor) as session:
            assert (await session.scalars(queries.files(actor))).all() == []

    @pytest.mark.parametrize("expected", [0, BOUNDS.file + 1])
    async def test_a_file_that_is_too_large(
        self, database: Database, actor: Actor, storage: Storage, expected: int
    ) -> None:
        """It is refused before it is read where its size is known, else where the limit is."""
        taken = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal taken
            while True:
                taken += 1000
                yield b"x" * 1000

        with pytest.raises(FileTooLarge):
            async with arriving(database, storage, actor, BOUNDS) as arrival:
                await arrival.receive(endless(), expected=expected)
        assert taken == (0 if expected else BOUNDS.file + 1000)

    async def test_more_than_the_quota(
        self, database: Database, actor: Actor, storage: Storage
    ) -> None:
        """It is refused while it arrives."""
        with pytest.raises(QuotaExceeded):
            await put(database, actor, storage, CONTENT, Bounds(10_000, len(CONTENT) - 1))

    async def test_another_checksum(
        self, database: Database, actor: Actor, storage: Storage
    ) -> None:
        """What arrived is not what was sent."""
        with pytest.raises(WrongChecksum):
            await kept_with(database, actor, storage, sha256="0" * 64)

    async def test_a_transaction_that_fails(
        self, database: Database, actor: Actor, storage: Storage
    ) -> None:
        """The row is undone with it, and the bytes with the row (F6)."""
        with pytest.raises(SQLAlchemyError):
            await kept_with(database, actor, storage, "select 1 / 0")

    async def test_bytes_that_nobody_keeps(
        self, database: Database, actor: Actor, storage: Storage
    ) -> None:
        """A block that ends without keeping them is as good as one that fails."""
        async with arriving(database, storage, actor, BOUNDS) as arrival:
            await arrival.receive(pieces(CONTENT))

    async def test_a_sender_that_is_cut_off(
        self, database: Database, actor: Actor, storage: Storage
    ) -> None:
        """An error in the middle, and a request that is cancelled, undo it alike."""

        async def broken() -> AsyncIterator[bytes]:
            yield CONTENT
            raise InterruptedError

        with pytest.raises(InterruptedError):
            await commands.put(database, actor, storage, BOUNDS, broken(), name="x")
        waiting = asyncio.Event()

        async def stalled() -> AsyncIterator[bytes]:
            yield CONTENT
            waiting.set()
            await asyncio.sleep(3600)

        task = asyncio.create_task(
            commands.put(database, actor, storage, BOUNDS, stalled(), name="x")
        )
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


class TestQuota:
    """What a tenant's files may take."""

    async def test_no_race_exceeds_it(
        self, database: Database, actor: Actor, storage: Storage, used: Used
    ) -> None:
        """Of twelve at once no more is ever held than there is room, and none that fits is lost.

        All of them send their pieces at the same time (F5).
        """
        bounds = Bounds(10_000, 5 * len(CONTENT) + 99)
        await put(database, actor, storage, b"", bounds)
        highest = 0

        async def slow() -> AsyncIterator[bytes]:
            nonlocal highest
            async for piece in pieces(CONTENT, len(CONTENT) // 4):
                await asyncio.sleep(0.01)
                yield piece
                highest = max(highest, await used())

        answers = await asyncio.gather(
            *(
                commands.put(database, actor, storage, bounds, slow(), name=str(number))
                for number in range(12)
            ),
            return_exceptions=True,
        )
        kept = [answer for answer in answers if isinstance(answer, File)]
        refused = [answer for answer in answers if isinstance(answer, QuotaExceeded)]
        assert len(kept) + len(refused) == 12, answers
        assert len(refused) >= 7
        assert 0 < highest <= bounds.tenant
        assert await used() == len(kept) * len(CONTENT)
        assert sum(storage.sizes(actor.require_tenant()).values()) == await used()
        while len(kept) < 5:  # what was refused has left no room behind
            kept.append(await put(database, actor, storage, CONTENT, bounds))
        with pytest.raises(QuotaExceeded):
            await put(database, actor, storage, CONTENT, bounds)

    async def test_two_that_ask_at_once_are_not_both_given_the_last(
        self, database: Database, actor: Actor, storage: Storage, used: Used
    ) -> None:
        """Twenty sessions ask for a file's room when there is room for three."""
        bounds = Bounds(1000, 3000)
        await put(database, actor, storage, b"", bounds)

        async def ask() -> int:
            async with database.session(actor) as session:
                return await quotas.reserve(session, actor, bounds, least=1000, wanted=1000)

        answers = await asyncio.gather(*(ask() for _ in range(20)), return_exceptions=True)
        assert answers.count(1000) == 3
        assert sum(isinstance(answer, QuotaExceeded) for answer in answers) == 17
        assert await used() == 3000

    async def test_a_tenant_can_have_its_own(
        self,
        database: Database,
        actor: Actor,
        storage: Storage,
        make_actor: MakeActor,
        tenant: Tenant,
    ) -> None:
        """It counts instead of the installation's, until it is taken back; engineers set none."""
        owner = await make_actor(tenant, Role.OWNER)
        async with database.session(owner) as session:
            await commands.set_quota(session, owner, 10)
        with pytest.raises(QuotaExceeded):
            await put(database, actor, storage)
        async with database.session(owner) as session:
            await commands.set_quota(session, owner, None)
        await put(database, actor, storage)
        with pytest.raises(Forbidden):
            async with database.session(actor) as session:
                await commands.set_quota(session, actor, 10**15)

    async def test_tenants_do_not_share_it(
        self,
        database: Database,
        actor: Actor,
        storage: Storage,
        make_actor: MakeActor,
        other_tenant: Tenant,
    ) -> None:
        """A neighbour whose room is full takes nobody else's."""
        bounds = Bounds(10_000, len(CONTENT))
        await put(database, actor, storage, CONTENT, bounds)
        other = await make_actor(other_tenant, Role.ENGINEER)
        await put(database, other, storage, CONTENT, bounds)
        with pytest.raises(QuotaExceeded):
            await put(database, actor, storage, b"x", bounds)


class TestDelete:
    """Deleted, restored, and who may."""

    async def test_it_is_gone_and_comes_back(
        self, database: Database, actor: Actor, storage: Storage, used: Used
    ) -> None:
        """Deleted it cannot be read, is listed among the deleted, and still takes its room."""
        file = await put(database, actor, storage)
        async with database.session(actor) as session:
            await commands.remove(session, actor, file.id)
        async with database.session(actor) as session:
            with pytest.raises(NotFound):
                await commands.note_download(session, actor, file.id)
            deleted = (await session.scalars(queries.files(actor, deleted=True))).all()
            assert [found.id for found in deleted] == [file.id]
            assert (await session.scalars(queries.files(actor))).all() == []
        assert await used() == len(CONTENT)
        async with database.session(actor) as session:
            back = await commands.restore(session, actor, file.id)
            assert (back.id, back.deleted_at) == (file.id, None)
            assert (await commands.note_download(session, actor, file.id)).size == len(CONTENT)

    async def test_another_tenants_is_not_there(
        self,
        database: Database,
        actor: Actor,
        storage: Storage,
        make_actor: MakeActor,
        other_tenant: Tenant,
    ) -> None:
        """A stranger neither reads nor deletes nor restores it; the tenant's own engineer does."""
        file = await put(database, actor, storage)
        stranger = await make_actor(other_tenant, Role.OWNER)
        for change in (commands.remove, commands.restore, commands.note_download):
            with pytest.raises(NotFound):
                async with database.session(stranger) as session:
                    await change(session, stranger, file.id)
        async with database.session(actor) as session:
            await commands.remove(session, actor, file.id)
        with pytest.raises(NotFound):
            async with database.session(stranger) as session:
                await commands.restore(session, stranger, file.id)
        async with database.session(actor) as session:
            await commands.restore(session, actor, file.id)
