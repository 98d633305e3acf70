"""The world that every attack of this folder happens in."""

from collections.abc import AsyncIterator

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
    owner = connect.login_url(settings, roles.OWNER).set(database=NAME)
    migrated.ensure_database(str(owner.password), NAME)
    passwords = {role: str(connect.login_url(settings, role).password) for role in roles.LOGINS}
    schema.upgrade(owner, settings.secret_keys, passwords)
    migrated.harden(NAME)
    given = connect.logins(settings)
    urls = Logins(*(url.set(database=NAME) for url in (given.app, given.reader, given.worker)))
    database = Database(urls, settings.secret_keys[0])
    with migrated.superuser(NAME) as superuser:
        (a, b), operator = await founding.sides_of(database, superuser)
        yield World(database, owner, superuser, a, b, operator, server=migrated)
    await database.close()
