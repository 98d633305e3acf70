"""A disposable database with one tenant, its engineer, and the shared dataset of flights."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import URL

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.cli import tenants, users
from workbench.cli.database import OPERATOR
from workbench.cli.demo.definitions import FLIGHTS
from workbench.datasets import commands, queries
from workbench.datasets.models import Dataset
from workbench.db import roles
from workbench.db.ids import new_id
from workbench.db.sandbox import WITNESS, Sandbox
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.identity.tokens import Claims, Tokens
from workbench.permissions import Permission, Role
from workbench.runs.tickets import Ticket
from workbench.storage import Storage
from workbench.tenants import logins

DEFINER = Actor.of_system("bench", Permission.DATASET_SHARE)
SIGNING_IN = Actor.of_system("bench", Permission.USER_AUTHENTICATE)
EMAIL, SLUG = "engineer@bench.example", "bench"
LIFETIME = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class World:
    """A tenant in a database of its own, and the ways into it; no policy binds `witness`."""

    sandbox: Sandbox
    database: Database
    storage: Storage
    folder: Path
    actor: Actor
    dataset: Dataset
    password: str

    @property
    def witness(self) -> str:
        """The address of somebody who owns the tables and sees past the policies."""
        return address(self.sandbox.urls[WITNESS])

    @property
    def driver_url(self) -> str:
        """The same address as SQLAlchemy reads it."""
        return self.sandbox.urls[WITNESS].render_as_string(hide_password=False)

    @property
    def table(self) -> str:
        """The table of the dataset's rows."""
        return f"rows.d_{self.dataset.definition_id.hex}"

    def ticket(self) -> Ticket:
        """What a notebook of the tenant's engineer is given."""
        login = roles.tenant_login(self.actor.require_tenant())
        url = self.database.logins.reader.set(username=login, password=self.password)
        return Ticket(
            tenant=SLUG,
            tenant_name=SLUG,
            database_url=address(url),
            actor_token=self.database.key.mint(self.actor, lifetime=LIFETIME),
            api_url="",
            access_token=self.access_token(),
        )

    def access_token(self) -> str:
        """What signs the engineer in at the API."""
        actor = self.actor
        sid, user_id = actor.sid or uuid4(), actor.user_id or uuid4()
        now = datetime.now(UTC)
        tokens = Tokens((self.sandbox.secret,))
        return tokens.access(sid, user_id, actor.tenant_id, now, lifetime=LIFETIME)


@asynccontextmanager
async def founded(sandbox: Sandbox, folder: Path) -> AsyncIterator[World]:
    """Found a tenant with an engineer and an empty dataset `flights`."""
    database = sandbox.database()
    try:
        async with database.session(DEFINER) as session:
            await commands.define(session, DEFINER, FLIGHTS)
        await tenants.found(database, SLUG, SLUG)
        await users.enrol(database, EMAIL, "Engineer", secrets.token_urlsafe(), SLUG, Role.ENGINEER)
        actor = await _signed_in(database)
        password = secrets.token_urlsafe()
        async with database.session(actor) as session:
            await logins.ensure(session, actor, password)
            dataset = await session.scalar(queries.dataset(actor, FLIGHTS.name))
        if dataset is None:
            raise NotFound
        storage = Storage((folder / "files").as_uri())
        yield World(sandbox, database, storage, folder, actor, dataset, password)
    finally:
        await database.close()


async def _signed_in(database: Database) -> Actor:
    async with database.session(OPERATOR) as session:
        tenant = await tenants.named(session, SLUG)
    looking = Actor.of_system("bench", Permission.MEMBER_READ, tenant_id=tenant.id)
    async with database.session(looking) as session:
        ((_, user),) = await session.execute(access.members(looking))
    now = datetime.now(UTC)
    async with database.session(SIGNING_IN) as session:
        claims = Claims(new_id(), user.id, tenant.id)
        actor = await access.admit(session, claims, now + LIFETIME)
    if actor is None:
        raise NotFound
    return actor


def address(url: URL) -> str:
    """An address as drivers read it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
