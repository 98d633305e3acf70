"""What the API notes: who read how many rows of what, who signed in, and what was refused."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from tests.support import people
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants.models import Tenant

PASSWORD = "correct horse battery"
Noted = Callable[[str], Awaitable[list[dict[str, Any]]]]


@pytest.fixture
async def noted(make_client: MakeClient, make_actor: MakeActor, tenant: Tenant) -> Noted:
    """Ask, as an owner, for the entries of one action, the oldest first."""
    owner = await make_client(await make_actor(tenant, Role.OWNER))

    async def find(action: str) -> list[dict[str, Any]]:
        answer = await owner.get("/api/v1/audit", params={"action": action})
        items: list[dict[str, Any]] = answer.json()["items"]
        return items[::-1]

    return find


class TestReads:
    """Reading leaves an entry in the transaction of the answer."""

    @pytest.mark.acts_as("engineer")
    async def test_rows_and_groups(
        self,
        client: httpx.AsyncClient,
        operating: httpx.AsyncClient,
        noted: Noted,
        actor: Actor,
        tenant: Tenant,
    ) -> None:
        """Who, which dataset, how many rows, and what was asked."""
        del tenant
        name = await shop.define(operating)
        await shop.fill(client, name, 5)
        url = f"/api/v1/datasets/{name}"
        await client.get(f"{url}/rows", params={"limit": 3, "filter": "code:eq:c1"})
        order = {"group": [{"column": "code"}], "measures": [{"function": "count", "name": "n"}]}
        assert (await client.post(f"{url}/query", json=order)).status_code == 200
        [read] = await noted("row.read")
        assert (read["subject"], read["target"]) == (actor.subject, f"dataset {name}")
        assert read["rows"] == 2
        assert '"c1"' in read["details"]["question"]
        [grouped] = await noted("row.aggregate")
        assert grouped["rows"] == 3
        [added] = await noted("row.add")
        assert added["rows"] == 5
        [shared] = await noted("dataset.share")
        assert shared["details"]["datasets"] == [name]

    @pytest.mark.acts_as("engineer")
    async def test_a_read_that_fails_is_not_noted(
        self, client: httpx.AsyncClient, operating: httpx.AsyncClient, noted: Noted
    ) -> None:
        """What nobody saw was not read."""
        name = await shop.define(operating)
        url = f"/api/v1/datasets/{name}/rows"
        assert (await client.get(url, params={"filter": "nothing:eq:1"})).status_code == 422
        assert await noted("row.read") == []


class TestRefusals:
    """A change that came to nothing is noted as well (R42)."""

    @pytest.mark.acts_as("engineer")
    async def test_another_tenants_row_is_not_found_and_noted(
        self,
        client: httpx.AsyncClient,
        stranger: httpx.AsyncClient,
        operating: httpx.AsyncClient,
        noted: Noted,
        actor: Actor,
    ) -> None:
        """The write that policies swallow answers 404 and leaves its mark; an own row goes."""
        name = await shop.define(operating)
        [theirs] = await shop.fill(stranger, name, 1)
        [mine] = await shop.fill(client, name, 1)
        url = f"/api/v1/datasets/{name}/rows"
        assert_problem(await client.delete(f"{url}/{theirs}"), 404)
        assert (await client.delete(f"{url}/{mine}")).status_code == 204
        [refused] = await noted("datasets.delete.refused")
        assert refused["target"] == "DELETE /api/v1/datasets/{name}/rows/{row_id}"
        assert (refused["subject"], refused["rows"]) == (actor.subject, 0)
        [deleted] = await noted("row.delete")
        assert deleted["details"]["row_id"] == mine

    async def test_what_a_role_does_not_allow_is_noted(
        self, client: httpx.AsyncClient, noted: Noted
    ) -> None:
        """An analyst tries to change a member; looking at what is not there is no change."""
        assert_problem(await client.delete(f"/api/v1/members/{new_id()}"), 403, "forbidden")
        assert_problem(await client.get(f"/api/v1/runs/{new_id()}"), 404)
        [refused] = await noted("members.remove.refused")
        assert refused["details"]["code"] == "forbidden"
        assert await noted("runs.run.refused") == []


class TestSigningIn:
    """Who came, who went, and who was not let in."""

    async def test_it_is_noted(
        self, anonymous: httpx.AsyncClient, database: Database, tenant: Tenant, noted: Noted
    ) -> None:
        """A wrong password, a log-in and a log-out, in the tenant of the user."""
        user = await people.make_user(database, password=PASSWORD)
        await people.join(database, tenant.id, user.id, Role.VIEWER)
        url = "/api/v1/auth/login"
        wrong = {"email": user.email, "password": "wrong password"}
        assert_problem(await anonymous.post(url, json=wrong), 401, "wrong_password")
        done = await anonymous.post(url, json=wrong | {"password": PASSWORD})
        headers = {"Authorization": f"Bearer {done.json()['access_token']}"}
        assert (await anonymous.post("/api/v1/auth/logout", headers=headers)).status_code == 204
        assert_problem(await anonymous.get("/api/v1/auth/me", headers=headers), 401)
        async with asyncio.timeout(5):
            while not (refused := await noted("login.refused")):
                await asyncio.sleep(0.05)
        assert [item["target"] for item in refused] == [f"user {user.id}"]
        [begun] = await noted("login.begin")
        [ended] = await noted("login.end")
        assert begun["subject"] == ended["subject"] == str(user.id)
        assert begun["target"] == ended["target"]

    async def test_a_disabled_user_is_seen_by_his_tenant(
        self, database: Database, tenant: Tenant, make_actor: MakeActor, noted: Noted
    ) -> None:
        """Each tenant that he belongs to sees it."""
        member = await make_actor(tenant, Role.VIEWER)
        await people.disable(database, member)
        [disabled] = await noted("user.disable")
        assert disabled["target"] == f"user {member.user_id}"
