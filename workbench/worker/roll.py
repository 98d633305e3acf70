"""What a worker says of itself, so that the operator sees who works and why a job was given up."""

import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import procrastinate
from procrastinate import JobContext
from procrastinate.exceptions import ConnectorException
from psycopg import Error as PostgresError
from psycopg_pool import PoolTimeout
from sqlalchemy.exc import DBAPIError

from workbench.db.ids import new_id
from workbench.worker.hands import Hands
from workbench.worker.warm import Kernels

NAME = f"{socket.gethostname()}:{os.getpid()}"
SIGN = """
    insert into workers (id, name, queues, hands, busy, warm, warm_wanted)
    values (%(id)s, %(name)s, %(queues)s, %(hands)s, %(busy)s, %(warm)s, %(warm_wanted)s)
    on conflict (id) do update set
        busy = excluded.busy, warm = excluded.warm, seen_at = clock_timestamp()
"""
LEAVE = "delete from workers where id = %(id)s or seen_at < now() - interval '1 day'"
FAULT = """
    insert into faults (job_id, reason) values (%(job)s, %(reason)s)
    on conflict (job_id) do update set reason = excluded.reason, at = clock_timestamp()
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One worker in the roll of workers: what it takes, and how much of it at once."""

    queues: Sequence[str]
    hands: Sequence[Hands]
    kernels: Kernels
    id: UUID = field(default_factory=new_id)

    async def sign(self, app: procrastinate.App) -> None:
        """Say that this worker lives, and what it does."""
        await app.connector.execute_query_async(
            SIGN,
            id=self.id,
            name=NAME,
            queues=list(self.queues),
            hands=sum(some.most for some in self.hands),
            busy=sum(some.busy for some in self.hands),
            warm=len(self.kernels.waiting),
            warm_wanted=self.kernels.size,
        )

    async def leave(self, app: procrastinate.App) -> None:
        """Say that this worker has stopped; those that fell silent long ago go with it."""
        await app.connector.execute_query_async(LEAVE, id=self.id)


def noting(app: procrastinate.App) -> Callable[..., Awaitable[Any]]:
    """What stands around every task and keeps the kind of its error, never its words."""

    async def note(call: Callable[[], Awaitable[Any]], context: JobContext, _worker: Any) -> Any:
        try:
            return await call()
        except Exception as error:
            with suppress(ConnectorException, PostgresError, PoolTimeout):
                reason = kind(error)
                await app.connector.execute_query_async(FAULT, job=context.job.id, reason=reason)
            raise

    return note


def kind(error: Exception) -> str:
    """The class of an error, with PostgreSQL's code where it comes from there."""
    found = error.orig if isinstance(error, DBAPIError) else error
    code = found.sqlstate if isinstance(found, PostgresError) else None
    return f"{type(found).__name__} ({code})" if code else type(found).__name__
