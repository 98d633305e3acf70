"""What the worker believes of the queue's channels, on which everybody may speak.

PostgreSQL has no access control for NOTIFY: a kernel could say that another tenant's job is to be
aborted, or something that cannot be read at all, which stops procrastinate's worker. So whatever
is heard means no more than that the queue is worth a look.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from procrastinate import PsycopgConnector

from workbench.db.session import Database
from workbench.outbox import commands as outbox

LOOK = '{"type": "job_inserted", "job_id": 0}'


class Connector(PsycopgConnector):
    """procrastinate's connector, which takes every message for news of a job."""

    async def listen_notify(self, on_notification: Any, channels: Iterable[str]) -> None:
        """Listen until cancelled, and pass on that something was said, never what."""

        async def hear(*, channel: str, payload: str) -> None:
            del payload
            await on_notification(channel=channel, payload=LOOK)

        await super().listen_notify(on_notification=hear, channels=channels)


class Calls:
    """Bids to look at a run at once, which any listener may be sent by anybody."""

    def __init__(self) -> None:
        self.due = asyncio.Event()  # set when messages are to leave
        self._awaited: dict[str, asyncio.Event] = {}

    @contextmanager
    def awaited(self, run_id: object) -> Iterator[asyncio.Event]:
        """The event that is set whenever somebody speaks of the run."""
        event = self._awaited[str(run_id)] = asyncio.Event()
        try:
            yield event
        finally:
            self._awaited.pop(str(run_id), None)

    async def hear(self, database: Database) -> None:
        """Listen until cancelled, or until the connection is lost."""
        url = database.logins.worker.set(drivername="postgresql")
        address = url.render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
            for channel in (outbox.ENDED, outbox.DUE):
                await connection.execute(f"listen {channel}")
            async for notice in connection.notifies():
                if notice.channel == outbox.DUE:
                    self.due.set()
                elif event := self._awaited.get(notice.payload):
                    event.set()
