"""Saved queries over HTTP: kept, shared, changed, and run with the runner's rights (S10)."""

from typing import Any

import httpx
import pytest

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from workbench.db.ids import new_id
from workbench.permissions import Role
from workbench.tenants.models import Tenant

URL = "/api/v1/sql/saved"
ORDER = {
    "name": "A number",
    "sql": "select :n + :more",
    "parameters": {
        "n": {"type": "integer"},
        "more": {"type": "integer", "default": 1, "is_required": False},
    },
}


@pytest.fixture
async def colleague(make_client: MakeClient, make_actor: MakeActor, tenant: Tenant) -> Any:
    """Another analyst of the tenant."""
    return await make_client(await make_actor(tenant, Role.ANALYST))


async def saved(client: httpx.AsyncClient, **change: Any) -> dict[str, Any]:
    """A query that somebody saved."""
    response = await client.post(URL, json=ORDER | change)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


class TestKeep:
    """Saving, showing, changing, deleting."""

    async def test_shows_what_was_saved(self, client: httpx.AsyncClient) -> None:
        """By its address and in the list."""
        response = await client.post(URL, json=ORDER)
        shown = await client.get(response.headers["location"])
        assert shown.json() == response.json()
        assert shown.headers["etag"] == response.headers["etag"]
        assert [item["id"] for item in (await client.get(URL)).json()["items"]] == [
            response.json()["id"]
        ]

    async def test_is_ones_own_until_it_is_shared(
        self, client: httpx.AsyncClient, colleague: httpx.AsyncClient, stranger: httpx.AsyncClient
    ) -> None:
        """A colleague sees it once it is shared, and another tenant never."""
        query = await saved(client)
        address = f"{URL}/{query['id']}"
        for other in (colleague, stranger):
            assert_problem(await other.get(address), 404, "not_found")
            assert_problem(await other.post(f"{address}/run", json={}), 404, "not_found")
        assert (await client.patch(address, json={"is_shared": True})).is_success
        assert (await colleague.get(address)).json()["sql"] == ORDER["sql"]
        assert_problem(await stranger.get(address), 404, "not_found")

    async def test_only_its_author_changes_it(
        self, client: httpx.AsyncClient, colleague: httpx.AsyncClient
    ) -> None:
        """Others are told so, and see it as it was."""
        address = f"{URL}/{(await saved(client, is_shared=True))['id']}"
        assert_problem(await colleague.patch(address, json={"name": "Mine"}), 403, "not_the_author")
        assert_problem(await colleague.delete(address), 403, "not_the_author")
        changed = await client.patch(address, json={"name": "Ours"})
        assert changed.json()["name"] == "Ours"
        assert (await colleague.get(address)).json()["name"] == "Ours"

    async def test_a_stale_change_is_refused(self, client: httpx.AsyncClient) -> None:
        """Who has not seen the present state changes nothing."""
        query = await saved(client)
        address = f"{URL}/{query['id']}"
        tag = (await client.get(address)).headers["etag"]
        first = await client.patch(address, json={"description": "x"}, headers={"If-Match": tag})
        assert first.is_success
        late = await client.patch(address, json={"description": "y"}, headers={"If-Match": tag})
        assert_problem(late, 412, "stale")
        assert_problem(await client.delete(address, headers={"If-Match": tag}), 412, "stale")

    async def test_deleted_it_is_gone_and_can_come_back(self, client: httpx.AsyncClient) -> None:
        """Its name is free meanwhile."""
        query = await saved(client)
        address = f"{URL}/{query['id']}"
        assert (await client.delete(address)).status_code == 204
        assert_problem(await client.get(address), 404, "not_found")
        assert (await client.post(f"{address}/restore")).json()["id"] == query["id"]
        assert_problem(await client.post(f"{address}/restore"), 404)
        assert_problem(await client.post(URL, json=ORDER), 409, "name_taken")
        await client.delete(address)
        await saved(client)
        assert_problem(await client.post(f"{address}/restore"), 409, "name_taken")

    @pytest.mark.parametrize(
        "change",
        [
            {"parameters": {}},
            {"parameters": ORDER["parameters"] | {"other": {"type": "text"}}},  # type: ignore[operator]
            {"parameters": {"n": {"type": "xml"}}},
            {"parameters": {"n": {"type": "integer", "default": 1}}},
            {"name": ""},
            {"sql": ""},
            {"made_by": str(new_id())},
        ],
    )
    async def test_refuses_what_could_not_run(
        self, client: httpx.AsyncClient, change: dict[str, Any]
    ) -> None:
        """Parameters are those of the statement; nobody saves for somebody else."""
        assert_problem(await client.post(URL, json=ORDER | change), 422)

    @pytest.mark.acts_as("viewer")
    async def test_is_not_for_viewers(self, client: httpx.AsyncClient) -> None:
        """Who may not ask in SQL keeps none."""
        assert_problem(await client.post(URL, json=ORDER), 403, "forbidden")
        assert_problem(await client.get(URL), 403, "forbidden")


class TestRun:
    """POST /sql/saved/{id}/run."""

    async def test_takes_values_and_has_its_own(self, client: httpx.AsyncClient) -> None:
        """A value that is not given is the query's own."""
        address = f"{URL}/{(await saved(client))['id']}/run"
        for parameters, answer in (({"n": 1}, 2), ({"n": 1, "more": 5}, 6)):
            body = (await client.post(address, json={"parameters": parameters})).json()
            assert body["rows"] == [[answer]]
        history = (await client.get("/api/v1/sql/history")).json()["items"]
        assert {item["saved_query_id"] for item in history} == {address.split("/")[-2]}

    @pytest.mark.parametrize(
        "parameters", [{}, {"n": "x"}, {"n": 1, "other": 2}, {"n": 1.5}, {"n": [1]}]
    )
    async def test_refuses_values_of_another_kind(
        self, client: httpx.AsyncClient, parameters: dict[str, Any]
    ) -> None:
        """Missing, unknown and mistyped values are named."""
        address = f"{URL}/{(await saved(client))['id']}/run"
        response = await client.post(address, json={"parameters": parameters})
        if parameters != {"n": [1]}:
            assert_problem(response, 422)
        else:
            assert response.status_code == 422

    async def test_has_the_runners_rights(
        self,
        operating: httpx.AsyncClient,
        make_client: MakeClient,
        make_actor: MakeActor,
        tenant: Tenant,
    ) -> None:
        """The author sees all rows, a guest who was granted a part the part, masked (S10)."""
        name = await shop.define(operating)
        owner = await make_client(await make_actor(tenant, Role.OWNER))
        await shop.fill(owner, name, 6)
        sql = f"select count(*), count(share), max(code) from {name}"
        query = await saved(owner, sql=sql, parameters={}, is_shared=True)
        guest = await make_actor(tenant, Role.GUEST)
        members = (await owner.get("/api/v1/members")).json()["items"]
        member = next(m["id"] for m in members if m["user_id"] == str(guest.user_id))
        role = await owner.post(
            "/api/v1/roles", json={"name": "asks", "permissions": ["sql:run", "dataset:read"]}
        )
        await owner.put(f"/api/v1/roles/{role.json()['id']}/members/{member}")
        grant = {
            "dataset": name,
            "member": member,
            "filter": {"column": "code", "op": "eq", "value": "c1"},
            "masks": {"code": "null"},
        }
        granted = await owner.post("/api/v1/grants", json=grant)
        assert granted.status_code == 201, granted.text
        address = f"{URL}/{query['id']}/run"
        client = await make_client(guest)
        assert (await owner.post(address, json={})).json()["rows"] == [[6, 0, "c2"]]
        answer = await client.post(address, json={})
        assert answer.status_code == 200, answer.text
        assert answer.json()["rows"] == [[2, 0, None]]
        measured = {"sql": sql, "analyze": True}
        refused = await client.post("/api/v1/sql/explain", json=measured)
        assert_problem(refused, 403, "only_in_part")
        assert (await owner.post("/api/v1/sql/explain", json=measured)).is_success
