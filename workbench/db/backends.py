"""What runs under a name in PostgreSQL, and how it is ended from a connection beside it.

A statement of its own choosing cannot escape this: what it was told to obey inside, such as a
timeout, is one thing, and a signal from outside another.
"""

import asyncio
from datetime import timedelta

from sqlalchemy import text

from workbench.db.session import Database

POLITE = timedelta(seconds=2)  # after which a backend that ignores cancelling is terminated
PAUSE = 0.05
# A name can be borrowed, so only backends of roles whose privileges we have are touched.
CANCEL = text(
    "select count(pg_cancel_backend(pid)) from pg_stat_activity where application_name = :name "
    "and pg_has_role(usesysid, 'usage') and usename <> session_user"
)
TERMINATE = text(
    "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = :name "
    "and pg_has_role(usesysid, 'usage') and usename <> session_user"
)
NAMES = text(
    "select application_name from pg_stat_activity "
    "where pg_has_role(usesysid, 'usage') and usename <> session_user"
)


async def names(database: Database) -> list[str]:
    """The names under which something runs, or has a transaction open."""
    async with database.lookups.connect() as connection:
        return list(await connection.scalars(NAMES))


async def end(database: Database, name: str, *, polite: timedelta = POLITE) -> None:
    """Cancel what runs under a name until it is gone; terminate it when it takes too long."""
    clock = asyncio.get_running_loop().time
    until = clock() + polite.total_seconds()
    async with database.lookups.connect() as connection:
        # What another process runs, one can only ask for again and again.
        while await connection.scalar(  # noqa: ASYNC110
            CANCEL if clock() < until else TERMINATE, {"name": name}
        ):
            await asyncio.sleep(PAUSE)
