"""What the worker believes of the queue's channels, on which everybody may speak.

PostgreSQL has no access control for NOTIFY: a kernel could say that another tenant's job is to be
aborted, or something that cannot be read at all, which stops procrastinate's worker. So whatever
is heard means no more than that the queue is worth a look.
"""

from collections.abc import Iterable
from typing import Any

from procrastinate import PsycopgConnector

LOOK = '{"type": "job_inserted", "job_id": 0}'


class Connector(PsycopgConnector):
    """procrastinate's connector, which takes every message for news of a job."""

    async def listen_notify(self, on_notification: Any, channels: Iterable[str]) -> None:
        """Listen until cancelled, and pass on that something was said, never what."""

        async def hear(*, channel: str, payload: str) -> None:
            del payload
            await on_notification(channel=channel, payload=LOOK)

        await super().listen_notify(on_notification=hear, channels=channels)
