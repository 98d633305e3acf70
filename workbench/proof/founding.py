"""Two tenants with members of every role and a row in every table, made for one proof."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import URL

from workbench.access import commands as access
from workbench.access import queries
from workbench.actor import Actor
from workbench.datasets import commands as datasets
from workbench.datasets.schemas import ColumnTypeName, NewColumn, NewDataset
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Unauthenticated
from workbench.identity import commands as identity
from workbench.identity.tokens import Claims
from workbench.permissions import MEMBER_ROLES, Permission, Role
from workbench.proof import catalogue, planting
from workbench.proof.world import Side, World
from workbench.tenants import commands as tenants
from workbench.tenants import logins

SHARER = Actor.of_system("proof", Permission.DATASET_SHARE)
FOUNDER = Actor.of_system("proof", Permission.TENANT_MANAGE, Permission.USER_MANAGE)
SIGNING_IN = Actor.of_system("proof", Permission.USER_AUTHENTICATE)
TYPES: tuple[ColumnTypeName, ...] = (
    *("text", "integer", "number"),
    *("boolean", "date", "timestamp"),
)
PRIVATE = "own_secrets"  # what both tenants call their private dataset
LIFETIME = timedelta(hours=2)


async def world(database: Database, owner: URL, superuser: psycopg.Connection) -> World:
    """Found two tenants in a migrated database, through a connection that no policy binds."""
    (a, b), operator = await sides_of(database, superuser)
    return World(database, owner, superuser, a, b, operator)


async def sides_of(
    database: Database, superuser: psycopg.Connection
) -> tuple[tuple[Side, Side], Actor]:
    """Two tenants, each with a row in every table, and the platform's operator."""
    shared = _definition(superuser)
    async with database.app.begin() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        token = database.key.mint(SHARER)
        await driver.execute("select set_config('workbench.actor_token', %s, true)", [token])
        definition = shared["workbench.definitions"]["id"]
        await driver.execute("select workbench.define_rows(%s)", [definition])
    a, b = [await _side(database) for _ in range(2)]
    for side in (a, b):
        await _define_private(database, side)
    for side in (a, b):
        given = shared | {"workbench.tenants": {"id": side.tenant_id}}
        side.planted = planting.plant(superuser, side.tenant_id, given)
    return (a, b), await _admitted(database, await _user(database, is_operator=True), None)


def _definition(superuser: psycopg.Connection) -> dict[str, planting.Row]:
    definition = {"id": uuid4(), "name": "secrets", "title": "", "description": ""}
    column: planting.Row = {}
    _insert(superuser, "definitions", definition)
    for position, kind in enumerate(TYPES):
        column = {"definition_id": definition["id"], "position": position, "name": f"a_{kind}"}
        _insert(superuser, "columns", column | {"type": kind, "title": ""})
    pair = {name: ["a_text"] for name in ("columns", "target_columns")}
    ends = {"definition_id": definition["id"], "target_id": definition["id"]}
    relation = {"id": uuid4(), "name": "other", **ends, **pair}
    _insert(superuser, "relations", relation)
    return {
        "workbench.definitions": definition,
        "workbench.columns": column,
        "workbench.relations": relation,
    }


def _insert(superuser: psycopg.Connection, table: str, row: planting.Row) -> None:
    relation = next(t for t in catalogue.tables(superuser) if str(t) == f"workbench.{table}")
    superuser.execute(planting.insert(relation, row), list(row.values()))


async def _define_private(database: Database, side: Side) -> None:
    """Give a tenant a private dataset, of the name and the columns of the other tenant's.

    Each gets a row in the other's table, too: the policies alone keep them apart there.
    """
    new = NewDataset(
        name=PRIVATE, title="", columns=[NewColumn(name=f"a_{kind}", type=kind) for kind in TYPES]
    )
    async with database.session(side.member) as session:
        await datasets.define_private(session, side.member, new)


async def _side(database: Database) -> Side:
    async with database.session(FOUNDER) as session:
        slug = f"t-{new_id().hex[:30]}"
        tenant = await tenants.create(session, FOUNDER, slug=slug, name="A tenant")
    members = {role: await _member(database, tenant.id, role) for role in MEMBER_ROLES}
    side = Side(tenant.id, members[Role.OWNER], secrets.token_urlsafe(), members=members)
    side.gone = await _member(database, tenant.id, Role.ENGINEER)
    async with database.session(side.system) as session:
        await logins.ensure(session, side.system, side.password)
        await queries.revoke(session, side.gone.sid or tenant.id)
    return side


async def _member(database: Database, tenant_id: UUID, role: Role) -> Actor:
    seater = Actor.of_system(
        "proof", Permission.MEMBER_MANAGE, Permission.MEMBER_READ, tenant_id=tenant_id
    )
    user_id = await _user(database)
    async with database.session(seater) as session:
        await access.add_member(session, seater, user_id, role)
    return await _admitted(database, user_id, tenant_id)


async def _user(database: Database, *, is_operator: bool = False) -> UUID:
    async with database.session(FOUNDER) as session:
        user = await identity.create_user(
            session,
            FOUNDER,
            email=f"{new_id().hex}@workbench.example",
            name="A person",
            password=None,
            is_operator=is_operator,
        )
        return user.id


async def _admitted(database: Database, user_id: UUID, tenant_id: UUID | None) -> Actor:
    now = datetime.now(UTC)
    async with database.session(SIGNING_IN) as session:
        login = await identity.open_login(
            session, user_id, user_agent="proof", address="127.0.0.1", now=now
        )
        actor = await queries.admit(session, Claims(login.id, user_id, tenant_id), now + LIFETIME)
    if actor is None:
        raise Unauthenticated
    return actor
