"""What a worker says of itself, and of a job that it gave up."""

import asyncio

from sqlalchemy.exc import DBAPIError

from tests.support.kernels import Bench
from tests.worker.test_tenant_jobs import until
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.operations import figures
from workbench.operations.schemas import FailedJob, Worker
from workbench.queue import commands as queue
from workbench.tenants.models import Tenant
from workbench.worker import loop, roll
from workbench.worker.parts import now


async def test_the_operator_sees_who_works_and_what_was_given_up(
    bench: Bench, database: Database, operator: Actor, tenant: Tenant
) -> None:
    """While it works it is on the roll with its hands; a job without its id fails, and says how."""

    async def workers() -> list[Worker]:
        async with database.session(operator) as session:
            found = (await figures.work(session, operator, now())).workers
        return [worker for worker in found if worker.name == roll.NAME]

    async def failed() -> list[FailedJob]:
        async with database.session(operator) as session:
            found = await figures.failed_jobs(session, operator)
        return [job for job in found if job.tenant_id == tenant.id]

    before = {worker.id for worker in await workers()}
    stop = asyncio.Event()
    working = asyncio.create_task(loop.work(bench.parts, stop))

    async def is_signed() -> bool:
        return bool({worker.id for worker in await workers()} - before)

    async def is_failed() -> bool:
        return bool(await failed())

    await until(is_signed)
    [worker] = [worker for worker in await workers() if worker.id not in before]
    assert (worker.is_alive, worker.busy, worker.hands) == (True, 0, 4)
    assert "interactive" in worker.queues
    async with database.session(operator) as session:
        await queue.enqueue(session, "tenants.export", queue="tenants", tenant_id=tenant.id)
    await until(is_failed)
    [job] = await failed()
    assert (job.task, job.reason) == ("tenants.export", "TypeError")
    stop.set()
    await asyncio.wait_for(working, 30)
    assert worker.id not in {left.id for left in await workers()}


def test_a_reason_is_a_kind_and_no_words() -> None:
    """PostgreSQL's code is told, and what it said is not."""
    lost = ValueError("4711 is the value of a row")
    assert roll.kind(lost) == "ValueError"
    assert roll.kind(DBAPIError("select 4711", {}, lost)) == "ValueError"
