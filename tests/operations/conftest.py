"""What the tests of operations share."""

from collections.abc import AsyncIterator
from uuid import uuid4

import psycopg
import pytest

from workbench.db.session import Database
from workbench.tenants.models import Tenant

FAILED = """
    insert into procrastinate_jobs (queue_name, task_name, args, status, attempts)
    values ('tests', 'tenants.export',
        jsonb_build_object('tenant_id', %s::text, 'export_id', %s::text), 'failed', 1)
    returning id
"""


@pytest.fixture
async def failed_job(database: Database, tenant: Tenant) -> AsyncIterator[int]:
    """A job of the tenant's that was given up, in a queue that no worker takes from."""
    url = database.logins.worker.set(drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        made = await connection.execute(FAILED, [tenant.id, uuid4()])
        [job] = await made.fetchone() or [0]
        await connection.execute("insert into faults values (%s, 'TooLarge')", [job])
        yield job
        await connection.execute("delete from procrastinate_jobs where id = %s", [job])
