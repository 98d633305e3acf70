"""Archives and purges as the worker takes them from the queue."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.conftest import MakeActor
from tests.support.kernels import Bench
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.queue import commands as queue
from workbench.tenants import commands, exports, purges
from workbench.tenants.models import Tenant
from workbench.worker import loop, purging

OPERATOR = purging.SYSTEM


async def until(answer: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something has happened, for half a minute at most."""
    async with asyncio.timeout(30):
        while not await answer():
            await asyncio.sleep(0.1)


async def test_a_tenant_is_packed_and_purged(
    bench: Bench, database: Database, tenant: Tenant, make_actor: MakeActor
) -> None:
    """The archive is made as its owner; the purge leaves neither it nor a job, and ends once."""
    owner = await make_actor(tenant, Role.OWNER)
    stop = asyncio.Event()
    working = asyncio.create_task(loop.work(bench.parts, stop))
    async with database.session(owner) as session:
        order = await exports.order(session, owner)

    async def is_made() -> bool:
        async with database.session(owner) as session:
            found = await session.scalar(exports.export(owner, order.id))
            return found is not None and found.status == "succeeded"

    await until(is_made)
    assert list(bench.parts.storage.keys(tenant.id)) == [order.storage_key]
    async with database.session(OPERATOR) as session:
        await commands.delete(session, OPERATOR, tenant.id)
        purge = await purges.order(session, OPERATOR, tenant.id)
        await queue.enqueue(session, "tenants.purge", queue="tenants", purge_id=purge.id)

    async def is_purged() -> bool:
        async with database.session(OPERATOR) as session:
            found = (await session.scalars(purges.purge(OPERATOR, purge.id))).one()
            return found.finished_at is not None

    await until(is_purged)
    stop.set()
    await asyncio.wait_for(working, 30)
    assert list(bench.parts.storage.keys(tenant.id)) == []
    again = await purging.purge(database, bench.parts.storage, purge.id)
    assert again.proof is not None
    assert set(again.proof.values()) == {0}
