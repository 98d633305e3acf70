"""The arena of the state machine: two tenants in one database, and every door as plain calls."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.support import people, samples
from workbench.actor import Actor
from workbench.api import app as api
from workbench.datasets import commands as datasets
from workbench.datasets.schemas import NewColumn, NewDataset
from workbench.db import connect, roles
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.lab import reading
from workbench.lab.reading import BadQuery
from workbench.permissions import Permission
from workbench.runs.tickets import Ticket
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants import commands as tenants
from workbench.tenants import logins

WORDS = NewDataset(
    name="machine_words", title="Words", columns=[NewColumn(name="word", type="text")]
)
QUERY = "select word from data.machine_words"
FIND = text("select row_id from data.machine_words where word = :word")
ROWS = "/datasets/machine_words/rows"
OPERATING = Actor.of_system("test", Permission.TENANT_MANAGE, Permission.PLATFORM_READ)
PAST = timedelta(minutes=-5)
T = TypeVar("T")

Words = frozenset[str]
DENIED: Words | None = None


@dataclass(slots=True)
class Arena:
    """The doors, each called as if there were no loop, and answering words or None (refused)."""

    settings: Settings
    storage: Storage
    loop: asyncio.AbstractEventLoop
    database: Database
    app: FastAPI
    client: httpx.AsyncClient
    tokens: Tokens

    @classmethod
    def open(cls, settings: Settings, storage: Storage) -> "Arena":
        """Make the doors in a loop of their own."""
        roomy = {"rate_limit": "1000000/minute", "login_limit": "1000000/minute"}
        database = connect.database(settings)
        app = api.create(settings.model_copy(update=roomy), database, storage)
        transport = httpx.ASGITransport(app)
        client = httpx.AsyncClient(transport=transport, base_url="http://arena.test/api/v1")
        tokens = Tokens(settings.secret_keys)
        arena = cls(settings, storage, asyncio.new_event_loop(), database, app, client, tokens)
        arena.do(samples.shared(database, WORDS))
        return arena

    def close(self) -> None:
        """Give everything back."""
        self.do(self.client.aclose())
        self.do(self.database.close())
        self.loop.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for something."""
        return self.loop.run_until_complete(work)

    def found(self) -> UUID:
        """A new tenant with the dataset, an owner who stays, and a login for notebooks."""
        tenant = self.do(people.make_tenant(self.database))
        self.do(datasets.adopt_shared(self.database, tenant.id))
        self.do(people.make_actor(self.database, tenant.id, "owner"))
        self.do(self._login(tenant.id))
        return tenant.id

    async def _login(self, tenant_id: UUID) -> None:
        system = Actor.of_system("test", tenant_id=tenant_id)
        url = connect.login_url(self.settings, roles.tenant_login(tenant_id))
        async with self.database.session(system) as session:
            await logins.ensure(session, system, str(url.password))

    def suspend(self, tenant_id: UUID, *, suspended: bool) -> None:
        """Suspend a tenant, or let it in again."""
        self.do(self._suspend(tenant_id, suspended=suspended))

    async def _suspend(self, tenant_id: UUID, *, suspended: bool) -> None:
        async with self.database.session(OPERATING) as session:
            if suspended:
                await tenants.suspend(session, OPERATING, tenant_id, datetime.now(UTC))
            else:
                await tenants.resume(session, OPERATING, tenant_id)

    def bearer(self, actor: Actor, *, lifetime: timedelta = timedelta(minutes=5)) -> str:
        """An access token of an actor."""
        assert actor.sid is not None
        assert actor.user_id is not None
        return self.tokens.access(
            actor.sid, actor.user_id, actor.tenant_id, datetime.now(UTC), lifetime=lifetime
        )

    def call(self, method: str, path: str, token: str, body: Any = None) -> httpx.Response:
        """Send a request."""
        headers = {"Authorization": f"Bearer {token}"}
        return self.do(self.client.request(method, path, headers=headers, json=body))

    def by_api(self, actor: Actor) -> Words | None:
        """What the API lists."""
        answer = self.call("GET", f"{ROWS}?limit=1000", self.bearer(actor))
        if answer.status_code in (401, 403, 404):
            return DENIED
        return frozenset(row["word"] for row in answer.raise_for_status().json()["items"])

    def by_sql(self, actor: Actor) -> Words | None:
        """What ad-hoc SQL answers."""
        answer = self.call("POST", "/sql", self.bearer(actor), {"sql": QUERY})
        if answer.status_code in (401, 403):
            return DENIED
        return frozenset(row[0] for row in answer.raise_for_status().json()["rows"])

    def by_reader(self, actor: Actor) -> Words | None:
        """What a dashboard reads."""
        return self.do(self._read(actor))

    async def _read(self, actor: Actor) -> Words | None:
        try:
            async with self.database.reading(actor) as session:
                return frozenset(await session.scalars(text(QUERY)))
        except DBAPIError:
            return DENIED

    def by_notebook(
        self, actor: Actor, *, login_of: UUID | None = None, lifetime: timedelta = PAST * -1
    ) -> Words | None:
        """What a notebook reads through its tenant's login, or through another's."""
        tenant_id = login_of or actor.require_tenant()
        url = connect.login_url(self.settings, roles.tenant_login(tenant_id))
        ticket = Ticket(
            tenant="",
            tenant_name="",
            database_url=url.set(drivername="postgresql").render_as_string(hide_password=False),
            actor_token=self.database.key.mint(actor, lifetime=lifetime),
            api_url="",
            access_token="",
        )
        try:
            return frozenset(reading.frame(ticket, QUERY, [])["word"])
        except BadQuery:
            return DENIED
