"""`workbench migrate`, and how the other commands reach the database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from workbench.actor import Actor
from workbench.cli import console
from workbench.db import connect, schema
from workbench.db.session import Database
from workbench.permissions import Permission
from workbench.settings import Settings

T = TypeVar("T")

# Whoever has the shell of the machine has its secret key, and so acts for the platform.
OPERATOR = Actor.of_system(
    "shell",
    Permission.PLATFORM_READ,
    Permission.TENANT_ENTER,
    Permission.TENANT_MANAGE,
    Permission.TENANT_PURGE,
    Permission.USER_MANAGE,
)


def migrate() -> None:
    """Bring the database to the newest revision; the embedded one is made first."""
    settings = Settings()
    with connect.server(settings):
        connect.migrate(settings)
    console.out.print(f"The database is at revision {schema.head()}.")


def run_as_owner(statement: str) -> None:
    """Run a statement that PostgreSQL made, as the owner of the tables."""
    settings = Settings()
    with connect.server(settings):
        connect.run_as_owner(settings, statement)


def run(work: Callable[[Database], Awaitable[T]]) -> T:
    """Run async work with the database of the settings, and close it afterwards."""
    settings = Settings()

    async def scoped() -> T:
        database = connect.database(settings)
        try:
            return await work(database)
        finally:
            await database.close()

    with connect.server(settings):
        return asyncio.run(scoped())
