"""Idempotency-Key: sent twice, done once."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.api.conftest import MakeClient, assert_problem, bearer, open_client
from tests.conftest import MakeActor
from tests.support import people
from workbench.actor import Actor
from workbench.api import app as api
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant

URL = "/api/v1/runs"
ORDER = {"notebook": "tenant_report"}
# A run remembers its key for ever; a saved query does not.
SAVED = "/api/v1/sql/saved"
QUESTION = {"name": "one", "sql": "select 1"}
KEY = {"Idempotency-Key": "a-key-of-mine"}


async def count(client: httpx.AsyncClient) -> int:
    """How many runs there are."""
    return len((await client.get(URL)).json()["items"])


class TestKey:
    """A POST that creates, under a key."""

    async def test_is_done_once_and_answered_alike(self, client: httpx.AsyncClient) -> None:
        """The second answer is the first, to the byte, and there is one run."""
        first = await client.post(URL, json=ORDER, headers=KEY)
        again = await client.post(URL, json=ORDER, headers=KEY)
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.content == again.content
        assert first.headers["location"] == again.headers["location"]
        assert again.headers["idempotency-replayed"] == "true"
        assert await count(client) == 1

    async def test_without_a_key_is_done_twice(self, client: httpx.AsyncClient) -> None:
        """Without a key, or with another, each request makes its own."""
        for headers in ({}, {}, KEY, {"Idempotency-Key": "another"}):
            assert (await client.post(URL, json=ORDER, headers=headers)).status_code == 202
        assert await count(client) == 4

    async def test_refuses_another_request_under_it(self, client: httpx.AsyncClient) -> None:
        """A key names one request: another body or address is a conflict."""
        await client.post(URL, json=ORDER, headers=KEY)
        other = ORDER | {"parameters": {"first_month": 2}}
        response = await client.post(URL, json=other, headers=KEY)
        assert_problem(response, 409, "idempotency_key_reused")
        assert await count(client) == 1

    async def test_makes_one_of_many_at_once(self, client: httpx.AsyncClient) -> None:
        """Parallel requests under one key make one run, and all get its answer."""
        answers = await asyncio.gather(
            *(client.post(URL, json=ORDER, headers=KEY) for _ in range(8))
        )
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.content for answer in answers}) == 1
        assert await count(client) == 1

    async def test_belongs_to_one_user_in_one_tenant(
        self,
        client: httpx.AsyncClient,
        stranger: httpx.AsyncClient,
        make_client: MakeClient,
        make_actor: MakeActor,
        tenant: Tenant,
    ) -> None:
        """The same key of a colleague or a stranger is another key."""
        colleague = await make_client(await make_actor(tenant, Role.ANALYST))
        ids = {
            (await who.post(URL, json=ORDER, headers=KEY)).json()["id"]
            for who in (client, colleague, stranger)
        }
        assert len(ids) == 3

    async def test_is_free_again_after_a_refusal(self, client: httpx.AsyncClient) -> None:
        """What failed kept nothing: the corrected request may use the key."""
        bad = ORDER | {"parameters": {"nothing": 1}}
        assert_problem(await client.post(URL, json=bad, headers=KEY), 422)
        assert (await client.post(URL, json=ORDER, headers=KEY)).status_code == 202

    async def test_is_forgotten_after_a_day(
        self, settings: Settings, database: Database, storage: Storage, tokens: Tokens,
        actor: Actor,
    ) -> None:  # fmt: skip
        """A key serves 24 hours, to the second."""
        start = datetime.now(UTC) - timedelta(hours=24)
        times = [start]
        app = api.create(settings, database, storage, clock=lambda: times[-1])
        headers = {"Authorization": f"Bearer {bearer(tokens, actor)}"} | KEY
        async with open_client(app, headers) as client:
            first = await client.post(SAVED, json=QUESTION)
            times.append(start + timedelta(hours=24))
            again = await client.post(SAVED, json=QUESTION)
            assert first.json()["id"] == again.json()["id"]
            times.append(start + timedelta(hours=24, seconds=1))
            assert_problem(await client.post(SAVED, json=QUESTION), 409, "name_taken")

    @pytest.mark.parametrize("key", ["", "x" * 201, "a b", "ü"])
    async def test_is_short_and_printable(self, client: httpx.AsyncClient, key: str) -> None:
        """An ill-formed key is refused before anything is done."""
        headers = [(b"Idempotency-Key", key.encode())]
        assert_problem(await client.post(URL, json=ORDER, headers=headers), 422)
        assert await count(client) == 0

    async def test_serves_the_operator_too(
        self, operating: httpx.AsyncClient, database: Database, make_client: MakeClient
    ) -> None:
        """An operator, who is in no tenant, makes one tenant under one key; another has its own."""
        order = {"slug": f"k-{new_id().hex[:30]}", "name": "Once"}
        first = await operating.post("/api/v1/tenants", json=order, headers=KEY)
        again = await operating.post("/api/v1/tenants", json=order, headers=KEY)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.content == again.content
        assert first.headers["etag"] == again.headers["etag"]
        user = await people.make_user(database, is_operator=True)
        other = await make_client(await people.admit(database, user.id, None))
        refused = await other.post("/api/v1/tenants", json=order, headers=KEY)
        assert_problem(refused, 409, "slug_taken")
