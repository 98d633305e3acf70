"""Tenants over HTTP."""

import httpx
import pytest

from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from workbench.db.ids import new_id
from workbench.permissions import Role
from workbench.tenants.models import Tenant

URL = "/api/v1/tenants"


def new_slug() -> str:
    """A slug that no other test uses."""
    return f"n-{new_id().hex[:30]}"


class TestList:
    """GET /tenants."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """A list of customers is for the signed-in."""
        assert_problem(await anonymous.get(URL), 401, "unauthenticated")

    async def test_shows_a_member_its_own_tenant_only(
        self, client: httpx.AsyncClient, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        """A member does not see that other customers exist."""
        body = (await client.get(URL)).json()
        assert [item["slug"] for item in body["items"]] == [tenant.slug]
        assert body["next_cursor"] is None
        assert other_tenant.slug not in str(body)

    async def test_shows_the_operator_all_page_by_page(
        self, operating: httpx.AsyncClient, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        """The operator reaches every tenant once, through the cursors."""
        slugs: list[str] = []
        cursor: str | None = None
        while True:
            query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
            body = (await operating.get(URL, params=query)).json()
            slugs += [item["slug"] for item in body["items"]]
            cursor = body["next_cursor"]
            if cursor is None:
                break
        assert {tenant.slug, other_tenant.slug} <= set(slugs)
        assert len(slugs) == len(set(slugs))

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": "1000000000"},
            {"limit": "0"},
            {"limit": "-1"},
            {"limit": "x"},
            {"cursor": "x"},
            {"cursor": "WzFd"},
            {"cursor": "W10"},
            {"cursor": "W1sxXV0"},
            {"cursor": "a" * 3000},
            {"cursor": "\0"},
            {"cursor": "'; drop table tenants; --"},
        ],
    )
    async def test_refuses_limits_and_cursors_of_its_own_making(
        self, operating: httpx.AsyncClient, query: dict[str, str]
    ) -> None:
        """No page is unbounded, and a cursor is ours or nothing."""
        assert_problem(await operating.get(URL, params=query), 422)


class TestCreate:
    """POST /tenants."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Only the signed-in make anything."""
        order = {"slug": new_slug(), "name": "N"}
        assert_problem(await anonymous.post(URL, json=order), 401, "unauthenticated")

    @pytest.mark.parametrize("role", ["viewer", "analyst", "engineer", "owner"])
    async def test_refuses_members(
        self, make_client: MakeClient, make_actor: MakeActor, tenant: Tenant, role: str
    ) -> None:
        """No role in a tenant makes another tenant."""
        client = await make_client(await make_actor(tenant, role))
        response = await client.post(URL, json={"slug": new_slug(), "name": "N"})
        assert_problem(response, 403)

    async def test_makes_a_tenant(self, operating: httpx.AsyncClient) -> None:
        """The operator makes one, and finds it at the address answered."""
        slug = new_slug()
        response = await operating.post(URL, json={"slug": slug, "name": "New"})
        assert response.status_code == 201
        assert response.headers["location"] == f"{URL}/{slug}"
        found = await operating.get(response.headers["location"])
        assert found.json() == response.json()
        assert found.headers["etag"] == response.headers["etag"]

    async def test_refuses_a_taken_slug(self, operating: httpx.AsyncClient, tenant: Tenant) -> None:
        """Two tenants have two slugs."""
        response = await operating.post(URL, json={"slug": tenant.slug, "name": "N"})
        assert_problem(response, 409, "slug_taken")

    @pytest.mark.parametrize(
        "change",
        [
            {"slug": "Not Valid"},
            {"slug": "x" * 41},
            {"slug": ""},
            {"slug": "a\0b"},
            {"name": ""},
            {"name": None},
            {"name": "x" * 201},
            {"id": "00000000-0000-0000-0000-000000000000"},
            {"tenant_id": "x"},
            {"suspended_at": None},
            {"deleted_at": None},
        ],
    )
    async def test_refuses_bad_fields(
        self, operating: httpx.AsyncClient, change: dict[str, object]
    ) -> None:
        """Ill-formed values and fields that nobody may set are refused by name."""
        order = {"slug": new_slug(), "name": "N"} | change
        response = await operating.post(URL, json=order)
        assert_problem(response, 422)
        assert response.json()["errors"]

    async def test_refuses_a_name_that_cannot_be_stored(self, operating: httpx.AsyncClient) -> None:
        """NUL and half a surrogate pair are refused, not failures."""
        for name in (b"a\\u0000b", b"\\ud800"):
            content = b'{"slug": "' + new_slug().encode() + b'", "name": "' + name + b'"}'
            headers = {"Content-Type": "application/json"}
            assert_problem(await operating.post(URL, content=content, headers=headers), 422)


class TestOne:
    """GET /tenants/{slug}."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient, tenant: Tenant) -> None:
        """A stranger without a token learns nothing."""
        assert_problem(await anonymous.get(f"{URL}/{tenant.slug}"), 401, "unauthenticated")

    async def test_shows_the_own_tenant(self, client: httpx.AsyncClient, tenant: Tenant) -> None:
        """A member sees its tenant."""
        assert (await client.get(f"{URL}/{tenant.slug}")).json()["id"] == str(tenant.id)

    async def test_answers_a_foreign_tenant_like_none(
        self, client: httpx.AsyncClient, other_tenant: Tenant
    ) -> None:
        """Another customer's slug and nobody's slug get the same answer."""
        foreign = await client.get(f"{URL}/{other_tenant.slug}")
        nobody = await client.get(f"{URL}/{new_slug()}")
        assert_problem(foreign, 404, "not_found")
        assert_problem(nobody, 404, "not_found")
        assert foreign.json() | {"request_id": ""} == nobody.json() | {"request_id": ""}
        assert sorted(foreign.headers) == sorted(nobody.headers)


class TestSuspend:
    """POST /tenants/{slug}/suspend and /resume."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient, tenant: Tenant) -> None:
        """Only the signed-in change anything."""
        for change in ("suspend", "resume"):
            response = await anonymous.post(f"{URL}/{tenant.slug}/{change}")
            assert_problem(response, 401, "unauthenticated")

    @pytest.mark.acts_as("owner")
    async def test_refuses_an_owner(
        self, client: httpx.AsyncClient, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        """An owner neither suspends its own tenant nor sees another's."""
        for change in ("suspend", "resume"):
            assert_problem(await client.post(f"{URL}/{tenant.slug}/{change}"), 403, "forbidden")
            assert_problem(await client.post(f"{URL}/{other_tenant.slug}/{change}"), 404)

    async def test_takes_and_gives_access(
        self,
        operating: httpx.AsyncClient,
        client: httpx.AsyncClient,
        make_client: MakeClient,
        make_actor: MakeActor,
        tenant: Tenant,
    ) -> None:
        """Members are out at once; after resuming they sign in again."""
        assert (await client.get("/api/v1/auth/me")).status_code == 200
        suspended = await operating.post(f"{URL}/{tenant.slug}/suspend")
        assert suspended.json()["suspended_at"] is not None
        assert_problem(await client.get("/api/v1/auth/me"), 401, "signed_out")
        resumed = await operating.post(f"{URL}/{tenant.slug}/resume")
        assert resumed.json()["suspended_at"] is None
        again = await make_client(await make_actor(tenant, Role.VIEWER))
        assert (await again.get("/api/v1/auth/me")).status_code == 200

    async def test_refuses_a_stale_tag(self, operating: httpx.AsyncClient, tenant: Tenant) -> None:
        """Who has seen an older state changes nothing; who has seen this one does."""
        url = f"{URL}/{tenant.slug}"
        seen = {"If-Match": (await operating.get(url)).headers["etag"]}
        first = await operating.post(f"{url}/suspend", headers=seen)
        assert first.status_code == 200
        assert_problem(await operating.post(f"{url}/resume", headers=seen), 412, "stale")
        fresh = {"If-Match": first.headers["etag"]}
        assert (await operating.post(f"{url}/resume", headers=fresh)).status_code == 200
