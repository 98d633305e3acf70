"""The driver's own connection under a session: for COPY and for cursors on the server."""

from typing import Any, cast

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession


async def of(session: AsyncSession) -> psycopg.AsyncConnection[Any]:
    """The psycopg connection that the session's transaction runs on."""
    connection = await (await session.connection()).get_raw_connection()
    return cast("psycopg.AsyncConnection[Any]", connection.driver_connection)
