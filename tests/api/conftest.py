"""The API in this process, and clients that are signed in as somebody."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from tests.api import shop
from tests.support import log_lines, people
from workbench.actor import Actor
from workbench.api import app as api
from workbench.datasets import commands
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant

MakeClient = Callable[[Actor | None], Awaitable[httpx.AsyncClient]]
ADDRESS = "http://workbench.test"


@pytest.fixture(scope="session")
def app(settings: Settings, database: Database, storage: Storage) -> FastAPI:
    """The application, without rate limits that a whole test run would reach."""
    roomy = settings.model_copy(
        update={
            "rate_limit": "1000000/minute",
            "login_limit": "100000/minute",
            "mail_limit": "100000/minute",
        }
    )
    return api.create(roomy, database, storage)


@pytest.fixture
def tokens(settings: Settings) -> Tokens:
    """What makes and reads tokens."""
    return Tokens(settings.secret_keys)


@pytest.fixture
async def make_client(app: FastAPI, tokens: Tokens) -> AsyncIterator[MakeClient]:
    """Make a client that sends the actor's access token, or none."""
    async with AsyncExitStack() as stack:

        async def make(actor: Actor | None) -> httpx.AsyncClient:
            headers = {"Authorization": f"Bearer {bearer(tokens, actor)}"} if actor else {}
            return await stack.enter_async_context(open_client(app, headers))

        yield make


@pytest.fixture
async def anonymous(make_client: MakeClient) -> httpx.AsyncClient:
    """A client that nobody has signed in."""
    return await make_client(None)


@pytest.fixture
async def client(make_client: MakeClient, actor: Actor) -> httpx.AsyncClient:
    """A client signed in as `actor`."""
    return await make_client(actor)


@pytest.fixture
async def operating(make_client: MakeClient, operator: Actor) -> httpx.AsyncClient:
    """A client signed in as the platform's operator."""
    return await make_client(operator)


@pytest.fixture
async def stranger(
    make_client: MakeClient,
    make_actor: Callable[[Tenant, Role | str], Awaitable[Actor]],
    other_tenant: Tenant,
) -> httpx.AsyncClient:
    """A client signed in as the owner of another tenant."""
    return await make_client(await make_actor(other_tenant, Role.OWNER))


@pytest.fixture(scope="session")
async def defined(app: FastAPI, database: Database, settings: Settings) -> str:
    """A shared dataset, defined once for all tests that change nothing but rows."""
    operator = await people.make_user(database, is_operator=True)
    token = bearer(Tokens(settings.secret_keys), await people.admit(database, operator.id, None))
    async with open_client(app, {"Authorization": f"Bearer {token}"}) as client:
        return await shop.define(client)


@pytest.fixture
async def shared(database: Database, defined: str, tenant: Tenant, other_tenant: Tenant) -> str:
    """The name of a dataset that both tenants have."""
    for each in (tenant, other_tenant):
        await commands.adopt_shared(database, each.id)
    return defined


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log of this test, as JSON."""
    with log_lines.collected() as stream:
        yield stream


def open_client(
    app: FastAPI, headers: dict[str, str] | None = None, *, address: str = "127.0.0.1"
) -> httpx.AsyncClient:
    """A client of an application, calling from an address."""
    transport = httpx.ASGITransport(app, client=(address, 50000))
    return httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers)


def bearer(tokens: Tokens, actor: Actor) -> str:
    """The access token of an actor."""
    assert actor.sid is not None
    assert actor.user_id is not None
    return tokens.access(actor.sid, actor.user_id, actor.tenant_id, datetime.now(UTC))


def assert_problem(response: httpx.Response, status: int, code: str | None = None) -> None:
    """Check that an answer is a problem document in every field."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "request_id", "errors"}
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert "Traceback" not in response.text
    if code is not None:
        assert body["code"] == code
