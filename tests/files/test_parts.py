"""Files in parts: whole in the end, or not there."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from tests.conftest import MakeActor
from tests.files.conftest import BOUNDS, Used, pieces
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import Conflict, NotFound, WorkbenchError
from workbench.files import commands, queries
from workbench.files.commands.parts import MOST_PARTS, clear, found
from workbench.files.errors import (
    CutOff,
    FileTooLarge,
    Incomplete,
    QuotaExceeded,
    TooManyParts,
    WrongChecksum,
    WrongOffset,
)
from workbench.files.models import File, Upload
from workbench.files.schemas import Bounds, NewUpload
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

CONTENT = bytes(range(256)) * 20
HALF = len(CONTENT) // 2

pytestmark = pytest.mark.acts_as("engineer")


async def begin(
    database: Database, actor: Actor, size: int = len(CONTENT), sha256: str | None = None
) -> UUID:
    """Begin an upload and answer its id."""
    order = NewUpload(name="../whole.bin", size=size, sha256=sha256)
    async with database.session(actor) as session:
        return (await commands.begin(session, actor, BOUNDS, order)).id


async def append(
    database: Database, actor: Actor, storage: Storage, upload_id: UUID, start: int, end: int
) -> int:
    """Send part of the content and answer how much has arrived."""
    part = pieces(CONTENT[start:end])
    made = await commands.append(database, actor, storage, upload_id, part, offset=start)
    return made.received


async def finish(database: Database, actor: Actor, storage: Storage, upload_id: UUID) -> File:
    """Put the parts together."""
    return await commands.finish(database, actor, storage, BOUNDS, upload_id)


async def stands_at(database: Database, actor: Actor, upload_id: UUID) -> int:
    """How much has arrived."""
    async with database.session(actor) as session:
        return (await found(session, actor, upload_id)).received


async def test_parts_become_one_file(
    database: Database, actor: Actor, storage: Storage, used: Used
) -> None:
    """Its room is reserved from the beginning; until the end there is no file, then no parts."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    upload_id = await begin(database, actor, sha256=digest.upper())
    assert await used() == len(CONTENT)
    assert await append(database, actor, storage, upload_id, 0, 1000) == 1000
    assert await append(database, actor, storage, upload_id, 1000, 1001) == 1001
    with pytest.raises(Incomplete):
        await finish(database, actor, storage, upload_id)
    assert await append(database, actor, storage, upload_id, 1001, len(CONTENT)) == len(CONTENT)
    async with database.session(actor) as session:
        assert await session.scalar(queries.file(actor, upload_id)) is None
    file = await finish(database, actor, storage, upload_id)
    assert (file.id, file.name, file.size, file.sha256) == (
        upload_id, "whole.bin", len(CONTENT), digest,
    )  # fmt: skip
    assert list(storage.keys(actor.require_tenant())) == [file.storage_key]
    with storage.read(file.storage_key) as stored:
        assert stored.read() == CONTENT
    assert await used() == len(CONTENT)


async def test_finishing_twice_is_one_file(
    database: Database, actor: Actor, storage: Storage, used: Used
) -> None:
    """Also at once: whoever loses is answered the same file, and its bytes stay."""
    upload_id = await begin(database, actor)
    await append(database, actor, storage, upload_id, 0, len(CONTENT))
    answers = await asyncio.gather(
        *(finish(database, actor, storage, upload_id) for _ in range(4)), return_exceptions=True
    )
    files = [answer for answer in answers if isinstance(answer, File)]
    assert {file.id for file in files} == {upload_id}
    assert len(files) == 4, answers
    again = await finish(database, actor, storage, upload_id)
    assert list(storage.keys(actor.require_tenant())) == [again.storage_key]
    with storage.read(again.storage_key) as stored:
        assert stored.read() == CONTENT
    assert await used() == len(CONTENT)


async def test_an_empty_file_has_no_parts(
    database: Database, actor: Actor, storage: Storage
) -> None:
    """It is complete from the beginning."""
    upload_id = await begin(database, actor, size=0)
    assert (await finish(database, actor, storage, upload_id)).size == 0


async def test_what_came_before_a_cut_counts(
    database: Database, actor: Actor, storage: Storage
) -> None:
    """The sender asks where the upload stands and goes on from there."""

    async def cut() -> AsyncIterator[bytes]:
        yield CONTENT[:HALF]
        raise CutOff

    upload_id = await begin(database, actor)
    with pytest.raises(CutOff):
        await commands.append(database, actor, storage, upload_id, cut(), offset=0)
    assert await stands_at(database, actor, upload_id) == HALF
    await append(database, actor, storage, upload_id, HALF, len(CONTENT))
    file = await finish(database, actor, storage, upload_id)
    assert file.sha256 == hashlib.sha256(CONTENT).hexdigest()


async def test_a_part_elsewhere_is_refused(
    database: Database, actor: Actor, storage: Storage
) -> None:
    """Sent again, or with a gap, it leaves nothing; at its place it counts."""
    upload_id = await begin(database, actor)
    await append(database, actor, storage, upload_id, 0, HALF)
    before = list(storage.keys(actor.require_tenant()))
    for start in (0, HALF - 1, HALF + 1):
        with pytest.raises(WrongOffset):
            await append(database, actor, storage, upload_id, start, len(CONTENT))
    assert list(storage.keys(actor.require_tenant())) == before
    await append(database, actor, storage, upload_id, HALF, len(CONTENT))


async def test_of_two_parts_at_once_one_counts(
    database: Database, actor: Actor, storage: Storage
) -> None:
    """The other one is refused and its bytes are gone."""
    upload_id = await begin(database, actor)

    async def slow(content: bytes) -> AsyncIterator[bytes]:
        async for piece in pieces(content):
            await asyncio.sleep(0.002)
            yield piece

    answers = await asyncio.gather(
        *(
            commands.append(database, actor, storage, upload_id, slow(CONTENT[:end]), offset=0)
            for end in (HALF, HALF - 7, HALF + 7)
        ),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, Conflict)]
    [won] = [answer for answer in answers if isinstance(answer, Upload)]
    assert len(refused) == 2
    assert list(storage.sizes(actor.require_tenant()).values()) == [won.received]
    await append(database, actor, storage, upload_id, won.received, len(CONTENT))
    file = await finish(database, actor, storage, upload_id)
    assert file.sha256 == hashlib.sha256(CONTENT).hexdigest()


async def test_more_than_was_said_is_refused(
    database: Database, actor: Actor, storage: Storage
) -> None:
    """Nothing of the part stays; what was said is taken."""
    upload_id = await begin(database, actor, size=HALF)
    with pytest.raises(FileTooLarge):
        await append(database, actor, storage, upload_id, 0, HALF + 1)
    assert list(storage.keys(actor.require_tenant())) == []
    await append(database, actor, storage, upload_id, 0, HALF)


async def test_an_empty_part_is_none(database: Database, actor: Actor, storage: Storage) -> None:
    """It neither counts nor lies anywhere."""
    upload_id = await begin(database, actor)
    assert await append(database, actor, storage, upload_id, 0, 0) == 0
    assert list(storage.keys(actor.require_tenant())) == []


async def test_parts_have_a_number(database: Database, actor: Actor, storage: Storage) -> None:
    """Whoever sends byte by byte is stopped."""
    upload_id = await begin(database, actor)
    async with database.session(actor) as session:
        upload = await found(session, actor, upload_id)
        upload.parts = ["a"] * MOST_PARTS
    with pytest.raises(TooManyParts):
        await append(database, actor, storage, upload_id, 0, 1)


async def test_another_checksum_leaves_nothing(
    database: Database, actor: Actor, storage: Storage, used: Used
) -> None:
    """It will never be right, so upload, parts and room are gone at once."""
    upload_id = await begin(database, actor, sha256="0" * 64)
    await append(database, actor, storage, upload_id, 0, len(CONTENT))
    with pytest.raises(WrongChecksum):
        await finish(database, actor, storage, upload_id)
    assert list(storage.keys(actor.require_tenant())) == []
    assert await used() == 0
    with pytest.raises(NotFound):
        await stands_at(database, actor, upload_id)


async def test_an_upload_is_given_up(
    database: Database, actor: Actor, storage: Storage, used: Used
) -> None:
    """Its room is free, and there is nothing to add to or to finish."""
    upload_id = await begin(database, actor)
    await append(database, actor, storage, upload_id, 0, HALF)
    async with database.session(actor) as session:
        await commands.abandon(session, actor, upload_id)
    clear(storage, actor.require_tenant(), upload_id)
    assert await used() == 0
    assert list(storage.keys(actor.require_tenant())) == []
    with pytest.raises(NotFound):
        await append(database, actor, storage, upload_id, HALF, len(CONTENT))
    with pytest.raises(NotFound):
        await finish(database, actor, storage, upload_id)


async def test_a_part_that_comes_too_late_leaves_nothing(
    database: Database, actor: Actor, storage: Storage
) -> None:
    """The upload is given up while a part arrives."""
    upload_id = await begin(database, actor)

    async def late() -> AsyncIterator[bytes]:
        yield CONTENT[:HALF]
        async with database.session(actor) as session:
            await commands.abandon(session, actor, upload_id)

    with pytest.raises(NotFound):
        await commands.append(database, actor, storage, upload_id, late(), offset=0)
    assert list(storage.keys(actor.require_tenant())) == []


async def test_what_has_no_room_does_not_begin(
    database: Database, actor: Actor, used: Used
) -> None:
    """Neither a file that is too large nor one too many; nothing is reserved."""
    order = NewUpload(name="x", size=100)
    for bounds, error in ((Bounds(99, 1000), FileTooLarge), (Bounds(1000, 99), QuotaExceeded)):
        with pytest.raises(error):
            async with database.session(actor) as session:
                await commands.begin(session, actor, bounds, order)
    assert await used() == 0


async def test_an_upload_is_its_makers(
    database: Database,
    actor: Actor,
    storage: Storage,
    make_actor: MakeActor,
    tenant: Tenant,
    other_tenant: Tenant,
) -> None:
    """Neither a colleague nor a stranger goes on with it or ends it; its maker does."""
    upload_id = await begin(database, actor)
    for other in (
        await make_actor(tenant, Role.ENGINEER),
        await make_actor(other_tenant, Role.OWNER),
    ):
        errors: list[WorkbenchError] = []
        for attempt in (
            append(database, other, storage, upload_id, 0, HALF),
            finish(database, other, storage, upload_id),
            stands_at(database, other, upload_id),
        ):
            with pytest.raises(NotFound) as caught:
                await attempt
            errors.append(caught.value)
        assert len({str(error) for error in errors}) == 1
        with pytest.raises(NotFound):
            async with database.session(other) as session:
                await commands.abandon(session, other, upload_id)
    await append(database, actor, storage, upload_id, 0, len(CONTENT))
    await finish(database, actor, storage, upload_id)
