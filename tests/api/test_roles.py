"""Roles of a tenant's own over HTTP: made, given, changed, taken; never wider than their maker."""

import httpx
import pytest

from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from tests.support import people
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants.models import Tenant

URL = "/api/v1/roles"
DESK = {"name": "desk", "description": "The desk", "permissions": ["row:read", "dataset:read"]}
pytestmark = pytest.mark.acts_as("owner")


@pytest.fixture
async def desk(client: httpx.AsyncClient) -> str:
    """The address of a role that reads datasets."""
    made = await client.post(URL, json=DESK)
    assert made.status_code == 201, made.text
    return str(made.headers["location"])


@pytest.fixture
async def guest(make_actor: MakeActor, tenant: Tenant) -> Actor:
    """A member who holds nothing."""
    return await make_actor(tenant, Role.GUEST)


async def member_id(client: httpx.AsyncClient, actor: Actor) -> str:
    """The membership of an actor, as an owner sees it."""
    items = (await client.get("/api/v1/members")).json()["items"]
    return str(next(item["id"] for item in items if item["user_id"] == str(actor.user_id)))


async def narrow(
    database: Database, client: httpx.AsyncClient, tenant: Tenant, *permissions: str
) -> Actor:
    """A guest with a role of the tenant's own that holds the permissions."""
    user = await people.make_user(database)
    member = await people.join(database, tenant.id, user.id, Role.GUEST)
    made = await client.post(
        URL, json={"name": f"r-{new_id().hex[20:]}", "permissions": permissions}
    )
    given = await client.put(f"{made.headers['location']}/members/{member}")
    assert given.status_code == 204, given.text
    return await people.admit(database, user.id, tenant.id)


class TestList:
    """GET /roles."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Without a token nobody learns which roles there are."""
        assert_problem(await anonymous.get(URL), 401, "unauthenticated")

    @pytest.mark.acts_as("engineer")
    async def test_refuses_who_may_not_see_members(self, client: httpx.AsyncClient) -> None:
        """A member without the right is told so."""
        assert_problem(await client.get(URL), 403, "forbidden")
        assert_problem(await client.post(URL, json=DESK), 403, "forbidden")

    async def test_shows_the_systems_roles_and_the_tenants_own(
        self, client: httpx.AsyncClient, desk: str, stranger: httpx.AsyncClient
    ) -> None:
        """The system's come first; another tenant sees its own roles only."""
        items = (await client.get(URL)).json()["items"]
        assert [i["name"] for i in items if i["system"]] == [
            *("guest", "viewer", "analyst", "engineer", "owner")
        ]
        assert [i["name"] for i in items if not i["system"]] == ["desk"]
        assert [
            i["name"] for i in (await stranger.get(URL)).json()["items"] if not i["system"]
        ] == []
        assert_problem(await stranger.get(desk), 404, "not_found")
        assert (await client.get(desk)).json()["permissions"] == ["dataset:read", "row:read"]


class TestMake:
    """POST /roles."""

    async def test_a_name_is_taken_once(self, client: httpx.AsyncClient, desk: str) -> None:
        """Neither a role's name nor a system role's can be taken again."""
        assert desk.startswith(URL)
        assert_problem(await client.post(URL, json=DESK), 409, "role_taken")
        assert_problem(await client.post(URL, json=DESK | {"name": "owner"}), 409, "role_taken")
        for name in ("Desk", "", "a b", "x" * 41, None):
            assert_problem(await client.post(URL, json=DESK | {"name": name}), 422)

    async def test_it_happens_once_under_a_key(self, client: httpx.AsyncClient) -> None:
        """The same request under the same key is answered alike and done once."""
        headers = {"Idempotency-Key": new_id().hex}
        first, again = [await client.post(URL, json=DESK, headers=headers) for _ in range(2)]
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert again.headers["idempotency-replayed"] == "true"

    async def test_it_is_no_wider_than_its_maker(
        self, client: httpx.AsyncClient, make_client: MakeClient, database: Database, tenant: Tenant
    ) -> None:
        """A narrow manager of roles gives what he holds, and nothing else (A11)."""
        manager = await narrow(database, client, tenant, "role:manage", "member:read", "row:read")
        narrowed = await make_client(manager)
        wide = {"name": "wide", "permissions": ["row:write"]}
        assert_problem(await narrowed.post(URL, json=wide), 403, "too_wide")
        assert (await client.post(URL, json=wide)).status_code == 201
        fits = await narrowed.post(URL, json={"name": "fits", "permissions": ["row:read"]})
        assert fits.status_code == 201
        change = {"permissions": ["row:read", "sql:run"]}
        url = fits.headers["location"]
        assert_problem(await narrowed.patch(url, json=change), 403, "too_wide")
        platform = {"name": "mighty", "permissions": ["tenant:purge"]}
        assert_problem(await client.post(URL, json=platform), 422, "invalid")


class TestGive:
    """PUT and DELETE /roles/{id}/members/{member}."""

    async def test_it_counts_at_the_next_request(
        self, client: httpx.AsyncClient, make_client: MakeClient, desk: str, guest: Actor
    ) -> None:
        """Given, changed, taken and deleted, a role counts at once, and lists tell of it."""
        guests, member = await make_client(guest), await member_id(client, guest)
        assert_problem(await guests.get("/api/v1/datasets"), 403, "forbidden")
        for _ in range(2):
            assert (await client.put(f"{desk}/members/{member}")).status_code == 204
        assert (await guests.get("/api/v1/datasets")).status_code == 200
        assert (await client.get(f"/api/v1/members/{member}")).json()["roles"] == ["desk"]
        held = (await client.get(f"{desk}/members")).json()["items"]
        assert [(i["id"], i["roles"]) for i in held] == [(member, ["desk"])]
        assert (await client.get(desk)).json()["members"] == 1
        await client.patch(desk, json={"permissions": []})
        assert_problem(await guests.get("/api/v1/datasets"), 403, "forbidden")
        await client.patch(desk, json={"permissions": ["dataset:read"]})
        assert (await guests.get("/api/v1/datasets")).status_code == 200
        assert (await client.delete(f"{desk}/members/{member}")).status_code == 204
        assert_problem(await guests.get("/api/v1/datasets"), 403, "forbidden")
        assert_problem(await client.delete(f"{desk}/members/{member}"), 404, "not_found")

    async def test_a_deleted_role_gives_nothing(
        self, client: httpx.AsyncClient, make_client: MakeClient, desk: str, guest: Actor
    ) -> None:
        """Its members lose what it gave, and it is gone from every list."""
        guests, member = await make_client(guest), await member_id(client, guest)
        await client.put(f"{desk}/members/{member}")
        assert (await guests.get("/api/v1/datasets")).status_code == 200
        assert (await client.delete(desk)).status_code == 204
        assert_problem(await guests.get("/api/v1/datasets"), 403, "forbidden")
        assert (await client.get(f"/api/v1/members/{member}")).json()["roles"] == []
        assert_problem(await client.get(desk), 404, "not_found")
        assert_problem(await client.put(f"{desk}/members/{member}"), 404, "not_found")

    async def test_nobody_raises_himself(
        self, client: httpx.AsyncClient, actor: Actor, desk: str, stranger: httpx.AsyncClient
    ) -> None:
        """Not even an owner gives himself a role; a stranger reaches neither role nor member."""
        own = await member_id(client, actor)
        assert_problem(await client.put(f"{desk}/members/{own}"), 403, "own_role")
        assert_problem(await client.delete(f"{desk}/members/{own}"), 403, "own_role")
        assert_problem(await stranger.put(f"{desk}/members/{own}"), 404, "not_found")
        assert_problem(await client.put(f"{desk}/members/{new_id()}"), 404, "not_found")

    async def test_who_holds_a_role_does_not_change_it(
        self,
        client: httpx.AsyncClient,
        make_client: MakeClient,
        database: Database,
        tenant: Tenant,
        guest: Actor,
    ) -> None:
        """The manager of roles changes other roles, not the one that makes him manager."""
        manager = await narrow(database, client, tenant, "role:manage", "member:read", "row:read")
        narrowed = await make_client(manager)
        held = next(i for i in (await client.get(URL)).json()["items"] if i["members"])
        change = {"permissions": ["row:read"]}
        assert_problem(await narrowed.patch(f"{URL}/{held['id']}", json=change), 403, "own_role")
        wide = await client.post(URL, json={"name": "wide", "permissions": ["sql:run"]})
        member = await member_id(client, guest)
        refused = await narrowed.put(f"{wide.headers['location']}/members/{member}")
        assert_problem(refused, 403, "too_wide")
        fits = await client.post(URL, json={"name": "fits", "permissions": ["row:read"]})
        given = await narrowed.put(f"{fits.headers['location']}/members/{member}")
        assert given.status_code == 204


class TestChange:
    """PATCH and DELETE /roles/{id} under If-Match."""

    async def test_who_comes_late_is_told(self, client: httpx.AsyncClient, desk: str) -> None:
        """Of two who saw the same role one changes it (A6)."""
        seen = {"If-Match": (await client.get(desk)).headers["etag"]}
        first = await client.patch(desk, json={"description": "New"}, headers=seen)
        assert first.json()["description"] == "New"
        assert first.json()["permissions"] == ["dataset:read", "row:read"]
        late = await client.patch(desk, json={"description": "Late"}, headers=seen)
        assert_problem(late, 412, "stale")
        assert_problem(await client.delete(desk, headers=seen), 412, "stale")
        fresh = {"If-Match": first.headers["etag"]}
        assert (await client.delete(desk, headers=fresh)).status_code == 204


class TestPlaces:
    """A place in the tenant is a role given, too."""

    async def test_a_narrow_manager_of_members_makes_no_owner(
        self,
        client: httpx.AsyncClient,
        make_client: MakeClient,
        database: Database,
        tenant: Tenant,
        guest: Actor,
    ) -> None:
        """Who holds member:manage by a role of the tenant's own raises nobody above himself."""
        manager = await narrow(
            database, client, tenant, "member:manage", "member:read", "tenant:read"
        )
        narrowed, member = await make_client(manager), await member_id(client, guest)
        url = f"/api/v1/members/{member}"
        for role in ("owner", "viewer"):
            assert_problem(await narrowed.patch(url, json={"role": role}), 403, "too_wide")
        assert (await narrowed.patch(url, json={"role": "guest"})).status_code == 200
        assert (await client.patch(url, json={"role": "owner"})).json()["role"] == "owner"
