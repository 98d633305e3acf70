"""The world that every attack of this folder happens in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.isolation.world import World
from workbench.db import connect, roles, schema
from workbench.db.embedded import Embedded
from workbench.db.session import Database, Logins
from workbench.proof import founding
from workbench.settings import Settings

NAME = "isolation"


@pytest.fixture(scope="session")
async def world(settings: Settings, migrated: Embedded) -> AsyncIterator[World]:
    """A database of its own with two tenants, each with a row in every table."""
    async with made(settings, migrated, NAME) as world:
        yield world


@asynccontextmanager
async def made(settings: Settings, migrated: Embedded, name: str) -> AsyncIterator[World]:
    """Make a database with two tenants, each with a row in every table."""
    owner = connect.login_url(settings, roles.OWNER).set(database=name)
    migrated.ensure_database(str(owner.password), name)
    passwords = {role: str(connect.login_url(settings, role).password) for role in roles.LOGINS}
    schema.upgrade(owner, settings.secret_keys, passwords)
    migrated.harden(name)
    given = connect.logins(settings)
    urls = Logins(*(url.set(database=name) for url in (given.app, given.reader, given.worker)))
    database = Database(urls, settings.secret_keys[0])
    with migrated.superuser(name) as superuser:
        (a, b), operator = await founding.sides_of(database, superuser)
        yield World(database, owner, superuser, a, b, operator, server=migrated)
    await database.close()
