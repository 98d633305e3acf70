"""The world that every attack of this folder happens in."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import psycopg
import pytest

from tests.isolation import catalogue, planting
from tests.isolation.world import Side, World
from tests.support import people
from workbench.actor import Actor
from workbench.db import connect, roles, schema
from workbench.db.embedded import Embedded
from workbench.db.session import Database, Logins
from workbench.permissions import Permission, Role
from workbench.settings import Settings
from workbench.tenants import logins

NAME = "isolation"
SHARER = Actor.of_system("test", Permission.DATASET_SHARE)
TYPES = ("text", "integer", "number", "boolean", "date", "timestamp")


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
        shared = _definition(superuser)
        async with database.app.begin() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, psycopg.AsyncConnection)
            token = database.key.mint(SHARER)
            await driver.execute("select set_config('workbench.actor_token', %s, true)", [token])
            await driver.execute(
                "select workbench.define_rows(%s)", [shared["workbench.definitions"]["id"]]
            )
        sides = [await _side(database, superuser, shared) for _ in range(2)]
        yield World(migrated, database, owner, superuser, *sides)
    await database.close()


def _definition(superuser: psycopg.Connection) -> dict[str, planting.Row]:
    definition = {"id": uuid4(), "name": "secrets", "title": "", "description": ""}
    column = {}
    _insert(superuser, "definitions", definition)
    for position, kind in enumerate(TYPES):
        column = {"definition_id": definition["id"], "position": position, "name": f"a_{kind}"}
        _insert(superuser, "columns", column | {"type": kind, "title": ""})
    return {"workbench.definitions": definition, "workbench.columns": column}


def _insert(superuser: psycopg.Connection, table: str, row: planting.Row) -> None:
    relation = next(t for t in catalogue.tables(superuser) if str(t) == f"workbench.{table}")
    superuser.execute(planting.insert(relation, row), list(row.values()))


async def _side(
    database: Database, superuser: psycopg.Connection, shared: dict[str, planting.Row]
) -> Side:
    tenant = await people.make_tenant(database)
    member = await people.make_actor(database, tenant.id, Role.OWNER)
    side = Side(tenant.id, member, secrets.token_urlsafe())
    async with database.session(side.system) as session:
        await logins.ensure(session, side.system, side.password)
    given = shared | {"workbench.tenants": {"id": tenant.id}}
    side.planted = planting.plant(superuser, tenant.id, given)
    return side
