"""Imports at work: followed, cancelled, taken over from workers that are gone, in little memory."""

import asyncio
import io
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import BinaryIO, cast
from uuid import UUID

import pytest
from sqlalchemy import select, text

from tests.support import people, samples
from tests.support.kernels import Bench
from tests.support.samples import BOUNDS
from workbench.access import queries as access
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.datasets.errors import ImportEnded, StaleImport
from workbench.datasets.models import Import
from workbench.datasets.schemas import ImportOrder
from workbench.db.embedded import Embedded
from workbench.files import writing
from workbench.outbox.models import OutboxMessage
from workbench.permissions import Permission, Role
from workbench.settings import Settings
from workbench.tenants.models import Tenant
from workbench.worker import imports, loop, tasks
from workbench.worker.rescue import rescue

PROVE = bool(os.environ.get("WORKBENCH_PROVE"))
SOME, MANY = 100_000, 400_000
SIZES = (1_000_000, 10_000_000) if PROVE else (SOME, MANY)
GROWTH = 120 * 1024**2  # bytes; blocks in flight vary, rows do not add up
MOST_BYTES = 400 * 1024**2
NAME = "sample_trips"
HEADER = b"carrier,dest,delay,distance,cancelled,flown_on,departed\n"
ROW = b"UA,IAH,2,1400,false,2026-01-01,2026-01-01T10:00:00Z\n"
WORKING = text(
    "select count(*) from pg_stat_activity where application_name = :name and state = 'active'"
)
WORKER = """
import asyncio, sys
from workbench.settings import Settings
from workbench.worker import loop, parts

settings = Settings(_env_file=None, home={home!r}, warm_kernels=0)
asyncio.run(loop.work(parts.make(settings), asyncio.Event()))
"""
WEIGHED = """
import asyncio, sys
from uuid import UUID
import psutil
from workbench.settings import Settings
from workbench.worker import imports, parts

async def main():
    peak = 0
    async def watch():
        nonlocal peak
        while True:
            peak = max(peak, psutil.Process().memory_info().rss)
            await asyncio.sleep(0.02)
    watching = asyncio.ensure_future(watch())
    made = parts.make(Settings(_env_file=None, home={home!r}, warm_kernels=0))
    await imports.load(made, UUID({tenant!r}), UUID({found!r}), is_last_try=True)
    watching.cancel()
    await made.database.close()
    print(peak)

asyncio.run(main())
"""

pytestmark = [pytest.mark.acts_as("engineer"), pytest.mark.usefixtures("trips")]


@pytest.fixture
async def trips(bench: Bench, tenant: Tenant) -> None:
    """The tenant has trips, none yet."""
    await samples.shared(bench.parts.database, samples.TRIPS)
    await commands.adopt_shared(bench.parts.database, tenant.id)


class Rows(io.RawIOBase):
    """A CSV of so many rows that never lies in memory as a whole."""

    def __init__(self, rows: int) -> None:
        """The header, and one row again and again."""
        self._size = len(HEADER) + rows * len(ROW)
        self._at = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes: at first the header, then some rows."""
        if self._at == 0:
            self._at = len(HEADER)
            return HEADER
        rows = min(max(size, len(ROW)), self._size - self._at) // len(ROW)
        self._at += rows * len(ROW)
        return ROW * rows


async def order(bench: Bench, actor: Actor, rows: int, **more: object) -> Import:
    """Order an import of so many rows."""
    return await sent(bench, actor, NAME, cast("BinaryIO", Rows(rows)), **more)


async def sent(bench: Bench, actor: Actor, name: str, file: BinaryIO, **more: object) -> Import:
    """Order an import of a file."""
    parts = bench.parts
    return await commands.send_import(
        *(parts.database, parts.storage, BOUNDS, actor, name, writing.blocks(file)),
        file_name="trips.csv",
        order=ImportOrder.model_validate(more),
    )


async def seen(bench: Bench, actor: Actor, import_id: UUID) -> Import:
    """The import as it is now."""
    async with bench.parts.database.session(actor) as session:
        return (await session.scalars(queries.import_(actor, import_id))).one()


async def counted(bench: Bench, actor: Actor) -> int:
    """How many rows the dataset has."""
    async with bench.parts.database.reading(actor) as session:
        dataset = (await session.scalars(queries.dataset(actor, NAME))).one()
        return await session.scalar(queries.count(actor, dataset)) or 0


async def until(answer: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not await answer():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def working(bench: Bench) -> AsyncIterator[None]:
    """A worker in this process."""
    stop = asyncio.Event()
    task = asyncio.create_task(loop.work(bench.parts, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


def is_under_way(bench: Bench, actor: Actor, import_id: UUID) -> Callable[[], Awaitable[bool]]:
    """Whether a worker has read some of a file and not ended."""

    async def answer() -> bool:
        now = await seen(bench, actor, import_id)
        return now.status == "running" and now.rows_read > 0

    return answer


def is_idle(bench: Bench, actor: Actor, import_id: UUID) -> Callable[[], Awaitable[bool]]:
    """Whether PostgreSQL works no more for an import."""

    async def answer() -> bool:
        async with bench.parts.database.session(actor) as session:
            return not await session.scalar(WORKING, {"name": f"workbench {import_id}"})

    return answer


def is_ended(bench: Bench, actor: Actor, import_id: UUID) -> Callable[[], Awaitable[bool]]:
    """Whether an import has ended."""

    async def answer() -> bool:
        return (await seen(bench, actor, import_id)).status not in ("queued", "running")

    return answer


class TestProgress:
    """What can be seen while an import works."""

    async def test_it_rises_and_is_told(self, bench: Bench, actor: Actor) -> None:
        """Rows and bytes are those of the file at the end; messages hold the import's id alone."""
        made = await order(bench, actor, SOME)
        shares: set[float] = set()
        async with working(bench):
            while not await is_ended(bench, actor, made.id)():
                now = await seen(bench, actor, made.id)
                shares.add(now.progress or 0.0)
                await asyncio.sleep(0.05)
        done = await seen(bench, actor, made.id)
        assert (done.status, done.rows_loaded, done.rows_read) == ("succeeded", SOME, SOME)
        assert (done.progress, done.bytes_read) == (1.0, done.bytes_total)
        assert done.bytes_total == len(HEADER) + SOME * len(ROW)
        assert all(0 <= share <= 1 for share in shares)
        async with bench.parts.database.session(actor) as session:
            told = select(OutboxMessage.payload).where(OutboxMessage.topic == "imports.progressed")
            found = (await session.scalars(told)).all()
        assert found
        assert all(payload == {"import_id": str(made.id)} for payload in found)


class TestCancel:
    """`cancel_import` on a worker that loads."""

    async def test_nothing_stays(self, bench: Bench, actor: Actor) -> None:
        """PostgreSQL stops within seconds, no row and no table is left, and it ends once."""
        made = await order(bench, actor, MANY)
        async with working(bench):
            await until(is_under_way(bench, actor, made.id))
            async with bench.parts.database.session(actor) as session:
                await commands.cancel_import(session, actor, made.id)
            await until(is_idle(bench, actor, made.id), 2)
            after = await order(bench, actor, 2)
            await until(is_ended(bench, actor, after.id))
        assert (await seen(bench, actor, made.id)).status == "cancelled"
        assert await counted(bench, actor) == 2
        with pytest.raises(ImportEnded):
            async with bench.parts.database.session(actor) as session:
                await commands.cancel_import(session, actor, made.id)

    async def test_one_that_waits_is_never_loaded(self, bench: Bench, actor: Actor) -> None:
        """And can be ordered again, then with another's rights no more than one's own."""
        made = await order(bench, actor, 3)
        async with bench.parts.database.session(actor) as session:
            await commands.cancel_import(session, actor, made.id)
        await imports.load(bench.parts, made.tenant_id, made.id, is_last_try=True)
        assert await counted(bench, actor) == 0
        async with bench.parts.database.session(actor) as session:
            again = await commands.retry_import(session, actor, made.id)
            assert (again.status, again.error, again.tries) == ("queued", None, 0)
        await imports.load(bench.parts, made.tenant_id, made.id, is_last_try=True)
        assert (await seen(bench, actor, made.id)).status == "succeeded"
        assert await counted(bench, actor) == 3


class TestCreated:
    """Datasets that files make, loaded by a worker as their maker."""

    @pytest.mark.acts_as("analyst")
    async def test_an_analyst_fills_what_he_made(
        self, bench: Bench, actor: Actor, tenant: Tenant
    ) -> None:
        """The file that makes it and the next; no worker loads once he is no analyst any more."""
        parts = bench.parts
        file = io.BytesIO(b"Site No\n1\n2\n")
        first = await sent(bench, actor, "visits", file, mode="create")
        await imports.load(parts, tenant.id, first.id, is_last_try=True)
        assert actor.user_id is not None
        again = await people.admit(parts.database, actor.user_id, tenant.id)
        assert (await seen(bench, again, first.id)).rows_loaded == 2
        # The header is as the first one's was.
        made = [await sent(bench, again, "visits", io.BytesIO(b"Site No\n3\n")) for _ in "ab"]
        await imports.load(parts, tenant.id, made[0].id, is_last_try=True)
        assert (await seen(bench, again, made[0].id)).status == "succeeded"
        place = await self._place(bench, again)
        await people.change_role(parts.database, tenant.id, place, Role.VIEWER)
        await imports.load(parts, tenant.id, made[1].id, is_last_try=True)
        failed = await seen(bench, samples.loader(tenant.id), made[1].id)
        assert (failed.status, "permission" in (failed.error or "")) == ("failed", True)

    async def _place(self, bench: Bench, actor: Actor) -> UUID:
        """The membership of somebody."""
        seater = Actor.of_system("test", Permission.MEMBER_READ, tenant_id=actor.tenant_id)
        async with bench.parts.database.session(seater) as session:
            found = await session.execute(access.members(seater))
            return next(place.id for place, user in found if user.id == actor.user_id)


class TestTakenOver:
    """Attempts whose workers are gone, or only seem to be."""

    async def test_a_killed_worker_loses_nothing_and_loads_nothing_twice(
        self, bench: Bench, actor: Actor, settings: Settings
    ) -> None:
        """A process is killed in the midst of it (-9); another worker loads the file once."""
        made = await order(bench, actor, MANY)
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WORKER.format(home=str(settings.home))),
            stdout=subprocess.DEVNULL,
        )
        await until(is_under_way(bench, actor, made.id))
        worker.kill()
        await worker.wait()
        assert (await seen(bench, actor, made.id)).status == "running"
        assert await counted(bench, actor) == 0

        app = tasks.build(bench.parts, (), tasks.Jobs())
        async with app.open_async():
            await rescue(bench.parts, app, timedelta(0))
        async with working(bench):
            await until(is_ended(bench, actor, made.id))
        done = await seen(bench, actor, made.id)
        assert (done.status, done.attempt, done.rows_loaded) == ("succeeded", 2, MANY)
        assert await counted(bench, actor) == MANY

    async def test_two_workers_load_once(self, bench: Bench, actor: Actor) -> None:
        """The second takes the import from the first, whose attempt then comes to nothing."""
        made = await order(bench, actor, MANY)
        tenant_id = made.tenant_id
        first = asyncio.create_task(imports.load(bench.parts, tenant_id, made.id, is_last_try=True))
        await until(is_under_way(bench, actor, made.id))
        await imports.load(bench.parts, tenant_id, made.id, is_last_try=True)
        await first
        done = await seen(bench, actor, made.id)
        assert (done.status, done.attempt, done.rows_loaded) == ("succeeded", 2, MANY)
        assert await counted(bench, actor) == MANY

    async def test_an_attempt_that_is_over_writes_nothing(self, bench: Bench, actor: Actor) -> None:
        """Neither its rows nor its failure; the twin that is current does."""
        made = await order(bench, actor, 3)
        database, storage = bench.parts.database, bench.parts.storage
        keeper = samples.loader(made.tenant_id)
        for _ in range(2):
            async with database.session(keeper) as session:
                await commands.begin_import(session, keeper, made.id)
        for write in (
            lambda s: commands.load(s, keeper, storage, made.id, attempt=1),
            lambda s: commands.fail_import(s, keeper, made.id, "no", attempt=1),
            lambda s: commands.release_import(s, keeper, made.id, 1),
        ):
            with pytest.raises(StaleImport):
                async with database.session(keeper) as session:
                    await write(session)
        async with database.session(keeper) as session:
            done = await commands.load(session, keeper, storage, made.id, attempt=2)
        assert (done.status, await counted(bench, actor)) == ("succeeded", 3)

    async def test_a_worker_that_stops_puts_it_back(self, bench: Bench, actor: Actor) -> None:
        """The next worker loads it, and no try is counted for the first."""
        made = await order(bench, actor, MANY)
        async with working(bench):
            await until(is_under_way(bench, actor, made.id))
        back = await seen(bench, actor, made.id)
        assert (back.status, back.tries) == ("queued", 0)
        async with working(bench):
            await until(is_ended(bench, actor, made.id))
        assert await counted(bench, actor) == MANY

    async def test_it_is_loaded_after_postgres_was_away(
        self, bench: Bench, actor: Actor, server: Embedded
    ) -> None:
        """Every connection is cut in the midst of it; the file is loaded all the same, once."""
        made = await order(bench, actor, MANY)
        async with working(bench):
            await until(is_under_way(bench, actor, made.id))
            with server.superuser() as connection:
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where usename like 'workbench%' and pid <> pg_backend_pid()"
                )
            await until(is_ended(bench, actor, made.id))
        assert (await seen(bench, actor, made.id)).status == "succeeded"
        assert await counted(bench, actor) == MANY

    async def test_one_that_takes_its_workers_down_is_given_up(
        self, bench: Bench, actor: Actor
    ) -> None:
        """After three that were lost no other is risked."""
        made = await order(bench, actor, 3)
        keeper = samples.loader(made.tenant_id)
        for _ in range(3):
            async with bench.parts.database.session(keeper) as session:
                begun = await commands.begin_import(session, keeper, made.id)
            assert begun.status == "running"
        await imports.load(bench.parts, made.tenant_id, made.id, is_last_try=False)
        done = await seen(bench, actor, made.id)
        assert (done.status, "lost 3 times" in (done.error or "")) == ("failed", True)
        assert await counted(bench, actor) == 0


class TestMemory:
    """How much a worker needs."""

    async def test_it_does_not_grow_with_the_file(
        self, bench: Bench, actor: Actor, settings: Settings
    ) -> None:
        """A file many times as long takes about as much memory, and less than 400 MB."""
        peaks = []
        for rows in SIZES:
            made = await order(bench, actor, rows)
            ids = {"tenant": str(made.tenant_id), "found": str(made.id)}
            worker = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", WEIGHED.format(home=str(settings.home), **ids)),
                stdout=subprocess.PIPE,
            )
            output, _ = await worker.communicate()
            assert (await seen(bench, actor, made.id)).rows_loaded == rows
            peaks.append(int(output.splitlines()[-1]))
        assert peaks[1] < peaks[0] + GROWTH, peaks
        assert max(peaks) < MOST_BYTES, peaks
