"""Explaining access over HTTP: what PostgreSQL answers as the member, and what gave it."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.api.test_roles import member_id
from tests.conftest import MakeActor
from tests.support import people
from workbench.actor import Actor
from workbench.db.embedded import Embedded
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.identity import commands as identity
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant

URL = "/api/v1/access"
FEW = {"column": "amount", "op": "lt", "value": 3}
pytestmark = pytest.mark.acts_as("owner")


@pytest.fixture
async def sales(shared: str, client: httpx.AsyncClient) -> str:
    """A dataset in which the tenant has ten rows, with the amounts 0 to 9."""
    await shop.fill(client, shared, 10)
    return shared


@pytest.fixture
async def guest(make_actor: MakeActor, tenant: Tenant) -> Actor:
    """A member who holds nothing."""
    return await make_actor(tenant, Role.GUEST)


@pytest.fixture
async def guest_id(client: httpx.AsyncClient, guest: Actor) -> str:
    """The guest's membership."""
    return await member_id(client, guest)


async def granted(client: httpx.AsyncClient, **order: Any) -> dict[str, Any]:
    """Make a grant and answer how it is shown."""
    made = await client.post("/api/v1/grants", json=order)
    assert made.status_code == 201, made.text
    shown: dict[str, Any] = made.json()
    return shown


async def explained(client: httpx.AsyncClient, member: str, **asked: Any) -> dict[str, Any]:
    """The explanation of one thing."""
    answer = await client.get(f"{URL}/{member}/explain", params=asked)
    assert answer.status_code == 200, answer.text
    explanation: dict[str, Any] = answer.json()
    return explanation


class TestReach:
    """GET /access/{member}."""

    async def test_is_for_who_manages_roles(
        self,
        anonymous: httpx.AsyncClient,
        stranger: httpx.AsyncClient,
        make_client: MakeClient,
        make_actor: MakeActor,
        tenant: Tenant,
        guest_id: str,
    ) -> None:
        """Nobody, an engineer and another tenant's owner learn nothing; unknown ids are alike."""
        engineer = await make_client(await make_actor(tenant, Role.ENGINEER))
        for ending in ("", "/explain?permission=sql:run"):
            url = f"{URL}/{guest_id}{ending}"
            assert_problem(await anonymous.get(url), 401, "unauthenticated")
            assert_problem(await engineer.get(url), 403, "forbidden")
            foreign, nobody = (
                await stranger.get(url),
                await stranger.get(url.replace(guest_id, str(new_id()))),
            )
            assert_problem(foreign, 404, "not_found")
            assert foreign.json() | {"request_id": ""} == nobody.json() | {"request_id": ""}

    async def test_tells_what_a_guest_reaches(
        self, client: httpx.AsyncClient, guest_id: str, sales: str
    ) -> None:
        """Nothing at first; then just what was granted, and by which grant."""
        before = (await client.get(f"{URL}/{guest_id}")).json()
        assert (before["datasets"], before["member"]["state"]) == ([], "active")
        assert [held["permission"] for held in before["permissions"]] == ["tenant:read"]
        part = await granted(
            client, member=guest_id, dataset=sales, filter=FEW, masks={"code": "hash"}
        )
        board = await granted(client, member=guest_id, dashboard="flights")
        book = await granted(client, member=guest_id, notebook="tenant_report")

        after = (await client.get(f"{URL}/{guest_id}")).json()

        (found,) = after["datasets"]
        assert (found["name"], found["extent"], found["rows"]) == (sales, "part", 3)
        assert (found["masked"], found["writable"], found["listed"]) == (["code"], False, True)
        assert [p["grant_id"] for p in found["parts"]] == [part["id"]]
        assert after["dashboards"] == {"everywhere": False, "names": ["flights"]}
        assert after["notebooks"] == {"everywhere": False, "names": ["tenant_report"]}
        sources = {
            (held["permission"], held["target"]): [s["id"] for s in held["sources"]]
            for held in after["permissions"]
        }
        assert sources["dashboard:read", "flights"] == [board["id"]]
        assert sources["run:start", "tenant_report"] == [book["id"]]
        assert sources["dataset:read", sales] == [part["id"]]
        assert all(held["sources"] for held in after["permissions"])

    async def test_tells_what_an_owner_reaches(
        self, client: httpx.AsyncClient, actor: Actor, sales: str
    ) -> None:
        """An owner sees everything, by the system role."""
        told = (await client.get(f"{URL}/{await member_id(client, actor)}")).json()
        found = next(d for d in told["datasets"] if d["name"] == sales)
        assert (found["extent"], found["rows"], found["writable"]) == ("whole", 10, True)
        assert found["sources"] == [{"kind": "system_role", "id": None, "role": "owner"}]
        assert told["dashboards"]["everywhere"]
        assert all(held["sources"] for held in told["permissions"])

    async def test_leaves_nothing_behind(
        self,
        client: httpx.AsyncClient,
        guest: Actor,
        guest_id: str,
        sales: str,
        database: Database,
        migrated: Embedded,
    ) -> None:
        """Neither a sign-in nor a lens stays; only the audit tells that somebody asked."""
        await people.admit(database, guest.user_id, guest.tenant_id)  # type: ignore[arg-type]
        await granted(client, member=guest_id, dataset=sales, filter=FEW)
        with migrated.superuser("workbench") as connection:
            live = "select sid from workbench_private.live order by 1"
            schemas = "select nspname from pg_namespace order by 1"
            before = [connection.execute(query).fetchall() for query in (live, schemas)]
            told = (await client.get(f"{URL}/{guest_id}")).json()
            assert told["datasets"][0]["rows"] == 3
            assert (await explained(client, guest_id, dataset=sales))["proof"]["answer"] == 3
            after = [connection.execute(query).fetchall() for query in (live, schemas)]
        assert before == after
        entries = (await client.get("/api/v1/audit")).json()["items"]
        actions = [e["action"] for e in entries if e["target"] == guest_id]
        assert actions.count("access.explain") == 2


class TestExplain:
    """GET /access/{member}/explain."""

    async def test_a_row_is_seen_by_the_grant_that_shows_it(
        self, client: httpx.AsyncClient, guest_id: str, sales: str
    ) -> None:
        """Each grant says whether the row is in its part; the answer is PostgreSQL's own."""
        few = await granted(client, member=guest_id, dataset=sales, filter=FEW)
        role = await client.post("/api/v1/roles", json={"name": "desk"})
        await client.put(f"{role.headers['location']}/members/{guest_id}")
        many = await granted(
            client,
            role="desk",
            dataset=sales,
            filter={"column": "amount", "op": "ge", "value": 8},
            masks={"code": "null"},
        )
        rows = (await client.get(f"/api/v1/datasets/{sales}/rows")).json()["items"]
        ids = {row["amount"]: row["row_id"] for row in rows}
        for amount, shown in ((1, few), (5, None), (9, many)):
            told = await explained(client, guest_id, dataset=sales, row=ids[amount])
            assert told["allowed"] is (shown is not None)
            assert (told["extent"], told["proof"]["answer"]) == ("part", told["allowed"])
            by = [part["grant_id"] for part in told["parts"] if part["shows"]]
            assert by == ([shown["id"]] if shown else [])
            assert "lens_" in told["proof"]["statement"]
            assert told["proof"]["plan"]
            assert [p["role"] for p in told["parts"]] == [None, "desk"]
        gone = await explained(client, guest_id, dataset=sales, row=10**9)
        assert (gone["allowed"], [p["shows"] for p in gone["parts"]]) == (False, [False, False])

    async def test_an_action_is_denied_or_has_a_source(
        self, client: httpx.AsyncClient, guest_id: str, sales: str
    ) -> None:
        """Without and with what gives it."""
        asks: list[dict[str, Any]] = [
            {"dataset": sales},
            {"dataset": sales, "permission": "row:write"},
            {"dashboard": "flights"},
            {"notebook": "tenant_report", "permission": "run:start"},
            {"permission": "sql:run"},
        ]
        for asked in asks:
            told = await explained(client, guest_id, **asked)
            assert (told["allowed"], told["sources"]) == (False, []), asked
        role = await client.post(
            "/api/v1/roles", json={"name": "desk", "permissions": ["sql:run", "row:read"]}
        )
        await client.put(f"{role.headers['location']}/members/{guest_id}")
        await granted(client, role="desk", dataset=sales, permissions=["row:write"])
        await granted(client, member=guest_id, dashboard="flights")
        await granted(client, role="desk", notebook="tenant_report")
        for asked in asks:
            told = await explained(client, guest_id, **asked)
            assert told["allowed"] is True, asked
            assert {s["role"] for s in told["sources"]} <= {"desk", None}, asked
            assert told["sources"], asked

    async def test_who_may_not_act_is_told_apart(
        self, client: httpx.AsyncClient, database: Database, guest: Actor, guest_id: str, sales: str
    ) -> None:
        """A disabled user reaches nothing, and the answer says why."""
        await granted(client, member=guest_id, dataset=sales)
        assert (await explained(client, guest_id, dataset=sales))["allowed"] is True
        founder = Actor.of_system("test", Permission.USER_MANAGE)
        async with database.session(founder) as session:
            assert guest.user_id is not None
            await identity.disable_user(session, founder, guest.user_id, datetime.now(UTC))
        told = await explained(client, guest_id, dataset=sales)
        assert (told["allowed"], told["proof"]) == (False, None)
        assert told["because"] == "The user is disabled."
        reached = (await client.get(f"{URL}/{guest_id}")).json()
        assert (reached["member"]["state"], reached["datasets"]) == ("disabled", [])

    async def test_refuses_what_is_no_question(
        self, client: httpx.AsyncClient, guest_id: str, sales: str
    ) -> None:
        """Two targets, none, a row of no dataset, a dataset that is not there."""
        url = f"{URL}/{guest_id}/explain"
        bad: list[dict[str, str | int]] = [
            {},
            {"dataset": sales, "dashboard": "flights"},
            {"permission": "god"},
            {"permission": "sql:run", "row": 1},
            {"dataset": sales, "permission": "row:write", "row": 1},
            {"dataset": sales, "row": "x"},
            {"dashboard": "'; drop table x"},
        ]
        for asked in bad:
            assert_problem(await client.get(url, params=asked), 422, "invalid")
        assert_problem(await client.get(url, params={"dataset": "nothing"}), 404, "not_found")
