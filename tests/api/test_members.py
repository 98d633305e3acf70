"""Members over HTTP."""

import asyncio

import httpx
import pytest

from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.permissions import Role
from workbench.tenants.models import Tenant

URL = "/api/v1/members"


async def id_of(client: httpx.AsyncClient, actor: Actor) -> str:
    """The membership id of an actor."""
    items = (await client.get(URL)).json()["items"]
    return str(next(item["id"] for item in items if item["user_id"] == str(actor.user_id)))


@pytest.fixture
async def analyst(make_actor: MakeActor, tenant: Tenant) -> Actor:
    """An analyst beside the actor of the test."""
    return await make_actor(tenant, Role.ANALYST)


class TestList:
    """GET /members."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Who works where is for the signed-in."""
        assert_problem(await anonymous.get(URL), 401, "unauthenticated")

    @pytest.mark.parametrize("role", ["viewer", "analyst", "engineer"])
    async def test_refuses_other_roles(
        self, make_client: MakeClient, make_actor: MakeActor, tenant: Tenant, role: str
    ) -> None:
        """A member without the right is told so."""
        client = await make_client(await make_actor(tenant, role))
        assert_problem(await client.get(URL), 403, "forbidden")

    async def test_refuses_the_operator(self, operating: httpx.AsyncClient) -> None:
        """The operator is no member of anything."""
        assert_problem(await operating.get(URL), 403, "forbidden")

    @pytest.mark.acts_as("owner")
    async def test_lists_members_page_by_page(
        self, client: httpx.AsyncClient, actor: Actor, analyst: Actor, stranger: httpx.AsyncClient
    ) -> None:
        """An owner sees the members of its tenant and nobody else."""
        assert (await stranger.get(URL)).json()["items"][0]["user_id"] != str(actor.user_id)
        first = (await client.get(URL, params={"limit": 1})).json()
        rest = (await client.get(URL, params={"cursor": first["next_cursor"]})).json()
        users = {item["user_id"] for item in first["items"] + rest["items"]}
        assert users == {str(actor.user_id), str(analyst.user_id)}
        assert rest["next_cursor"] is None


class TestOne:
    """GET /members/{id}."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Without a token nobody is told anything."""
        assert_problem(await anonymous.get(f"{URL}/{new_id()}"), 401, "unauthenticated")

    @pytest.mark.acts_as("owner")
    async def test_shows_a_member_to_its_owner_only(
        self, client: httpx.AsyncClient, stranger: httpx.AsyncClient, analyst: Actor
    ) -> None:
        """Another tenant's owner gets the answer that a random id gets."""
        member = await id_of(client, analyst)
        assert (await client.get(f"{URL}/{member}")).json()["role"] == "analyst"
        foreign = await stranger.get(f"{URL}/{member}")
        nobody = await stranger.get(f"{URL}/{new_id()}")
        assert_problem(foreign, 404, "not_found")
        assert foreign.json() | {"request_id": ""} == nobody.json() | {"request_id": ""}

    @pytest.mark.acts_as("owner")
    async def test_refuses_what_is_no_id(self, client: httpx.AsyncClient) -> None:
        """An ill-formed id is a bad request, not a failure."""
        assert_problem(await client.get(f"{URL}/1"), 422, "invalid")


class TestChange:
    """PATCH /members/{id}."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Without a token nobody changes anything."""
        response = await anonymous.patch(f"{URL}/{new_id()}", json={"role": "viewer"})
        assert_problem(response, 401, "unauthenticated")

    async def test_refuses_an_analyst(self, client: httpx.AsyncClient) -> None:
        """A member without the right is told so."""
        response = await client.patch(f"{URL}/{new_id()}", json={"role": "owner"})
        assert_problem(response, 403, "forbidden")

    @pytest.mark.acts_as("owner")
    async def test_changes_a_role_at_once(
        self, client: httpx.AsyncClient, make_client: MakeClient, analyst: Actor
    ) -> None:
        """The member's next request has the new role."""
        member = await id_of(client, analyst)
        changed = await client.patch(f"{URL}/{member}", json={"role": "viewer"})
        assert changed.json()["role"] == "viewer"
        me = (await (await make_client(analyst)).get("/api/v1/auth/me")).json()
        assert "sql:run" not in me["permissions"]
        assert "row:read" in me["permissions"]

    @pytest.mark.acts_as("owner")
    @pytest.mark.parametrize(
        "change",
        [
            {"role": "operator"},
            {"role": "god"},
            {"role": None},
            {},
            {"role": "owner", "tenant_id": "x"},
            {"role": "owner", "user_id": "x"},
        ],
    )
    async def test_refuses_bad_changes(
        self, client: httpx.AsyncClient, analyst: Actor, change: dict[str, object]
    ) -> None:
        """Only a role that there is, and nothing else, can be given."""
        member = await id_of(client, analyst)
        assert_problem(await client.patch(f"{URL}/{member}", json=change), 422)
        assert (await client.get(f"{URL}/{member}")).json()["role"] == "analyst"

    @pytest.mark.acts_as("owner")
    async def test_refuses_the_own_role(self, client: httpx.AsyncClient, actor: Actor) -> None:
        """Nobody raises, lowers or removes himself."""
        member = await id_of(client, actor)
        changed = await client.patch(f"{URL}/{member}", json={"role": "viewer"})
        assert_problem(changed, 403, "own_role")
        assert_problem(await client.delete(f"{URL}/{member}"), 403, "own_role")

    @pytest.mark.acts_as("owner")
    async def test_leaves_a_foreign_member_alone(
        self, client: httpx.AsyncClient, stranger: httpx.AsyncClient, analyst: Actor
    ) -> None:
        """Another tenant's owner neither changes nor removes, and cannot tell that it exists."""
        member = await id_of(client, analyst)
        for id_ in (member, str(new_id())):
            changed = await stranger.patch(f"{URL}/{id_}", json={"role": "viewer"})
            assert_problem(changed, 404, "not_found")
            assert_problem(await stranger.delete(f"{URL}/{id_}"), 404, "not_found")
        assert (await client.get(f"{URL}/{member}")).json()["role"] == "analyst"

    @pytest.mark.acts_as("owner")
    async def test_refuses_a_stale_tag(self, client: httpx.AsyncClient, analyst: Actor) -> None:
        """Who has seen an older role changes nothing."""
        url = f"{URL}/{await id_of(client, analyst)}"
        seen = {"If-Match": (await client.get(url)).headers["etag"]}
        first = await client.patch(url, json={"role": "viewer"}, headers=seen)
        assert first.status_code == 200
        late = await client.patch(url, json={"role": "engineer"}, headers=seen)
        assert_problem(late, 412, "stale")
        assert_problem(await client.delete(url, headers=seen), 412, "stale")
        assert (await client.get(url)).json()["role"] == "viewer"
        fresh = {"If-Match": first.headers["etag"]}
        assert (await client.delete(url, headers=fresh)).status_code == 204

    @pytest.mark.acts_as("owner")
    async def test_lets_one_of_two_at_once_through(
        self, client: httpx.AsyncClient, analyst: Actor
    ) -> None:
        """Two changes that saw the same state: one succeeds, the other is told."""
        url = f"{URL}/{await id_of(client, analyst)}"
        seen = {"If-Match": (await client.get(url)).headers["etag"]}
        answers = await asyncio.gather(
            *(client.patch(url, json={"role": r}, headers=seen) for r in ("viewer", "engineer"))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412]


class TestRemove:
    """DELETE /members/{id}."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Without a token nobody removes anybody."""
        assert_problem(await anonymous.delete(f"{URL}/{new_id()}"), 401, "unauthenticated")

    @pytest.mark.acts_as("owner")
    async def test_ends_access_at_once(
        self, client: httpx.AsyncClient, make_client: MakeClient, analyst: Actor
    ) -> None:
        """The member is out at the next request, and gone from the list."""
        removed = await make_client(analyst)
        assert (await removed.get("/api/v1/auth/me")).status_code == 200
        url = f"{URL}/{await id_of(client, analyst)}"
        assert (await client.delete(url)).status_code == 204
        assert_problem(await removed.get("/api/v1/auth/me"), 401, "signed_out")
        assert_problem(await client.get(url), 404)
        assert_problem(await client.delete(url), 404)

    @pytest.mark.acts_as("owner")
    async def test_can_be_undone(
        self, client: httpx.AsyncClient, make_client: MakeClient, analyst: Actor
    ) -> None:
        """An owner brings a member back, once; nobody else does."""
        url = f"{URL}/{await id_of(client, analyst)}"
        seen = (await client.get(url)).json()
        other = await make_client(analyst)
        assert_problem(await other.post(f"{url}/restore"), 403, "forbidden")
        assert_problem(await client.post(f"{url}/restore"), 404)
        await client.delete(url)
        assert_problem(await other.post(f"{url}/restore"), 401, "signed_out")

        assert (await client.post(f"{url}/restore")).json() == seen
        assert (await client.get(url)).json() == seen
        assert_problem(await client.post(f"{url}/restore"), 404)
