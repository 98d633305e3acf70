"""Single rows over HTTP, and deleting what matches."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from tests.support import granting, people
from workbench.db.session import Database
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant


@pytest.fixture
def url(shared: str) -> str:
    """Where the rows are of a dataset that both tenants have."""
    return f"/api/v1/datasets/{shared}/rows"


@pytest.fixture
async def owner(
    make_client: MakeClient, make_actor: MakeActor, tenant: Tenant
) -> httpx.AsyncClient:
    """A client signed in as an owner."""
    return await make_client(await make_actor(tenant, Role.OWNER))


async def fill(client: httpx.AsyncClient, url: str, count: int) -> list[int]:
    """Add so many rows and answer their ids."""
    return await shop.fill(client, url.split("/")[-2], count)


async def amounts(client: httpx.AsyncClient, url: str) -> list[Any]:
    """The amounts of all live rows."""
    response = await client.get(url, params={"sort": "row_id", "limit": 1000})
    return [row["amount"] for row in response.json()["items"]]


def code(value: str) -> list[dict[str, Any]]:
    """A filter by code."""
    return [{"column": "code", "op": "eq", "value": value}]


class TestOne:
    """GET and PATCH …/rows/{id}."""

    async def test_changes_what_is_named(self, owner: httpx.AsyncClient, url: str) -> None:
        """Other columns keep their values; a value can be taken away; the audit names columns."""
        (row,) = await fill(owner, url, 1)
        change = {"values": {"amount": 7, "day": None}}
        changed = await owner.patch(f"{url}/{row}", json=change)
        assert changed.status_code == 200, changed.text
        assert changed.json() == (await owner.get(f"{url}/{row}")).json()
        assert (changed.json()["code"], changed.json()["amount"], changed.json()["day"]) == (
            "c0",
            7,
            None,
        )
        entries = await owner.get("/api/v1/audit", params={"action": "row.change"})
        assert entries.json()["items"][0]["details"] == {
            "row_id": row,
            "columns": ["amount", "day"],
        }

    async def test_loses_no_update(self, owner: httpx.AsyncClient, url: str) -> None:
        """Who has seen an older row is told so; who has seen this one may change it."""
        (row,) = await fill(owner, url, 1)
        seen = (await owner.get(f"{url}/{row}")).headers["etag"]
        first, second = [
            await owner.patch(
                f"{url}/{row}", json={"values": {"amount": amount}}, headers={"If-Match": seen}
            )
            for amount in (5, 6)
        ]
        assert first.status_code == 200
        assert_problem(second, 412, "stale")
        assert await amounts(owner, url) == [5]

    @pytest.mark.parametrize(
        ("values", "place"),
        [
            ({"nothing": 1}, "values.nothing"),
            ({"amount": "many"}, "values.amount"),
            ({"tenant_id": str(uuid4())}, "values.tenant_id"),
            ({"row_id": 3}, "values.row_id"),
        ],
    )
    async def test_names_what_is_wrong(
        self, owner: httpx.AsyncClient, url: str, values: dict[str, Any], place: str
    ) -> None:
        """Columns that there are not, and values of another type, change nothing."""
        (row,) = await fill(owner, url, 1)
        response = await owner.patch(f"{url}/{row}", json={"values": values | {"code": "x"}})
        assert_problem(response, 422)
        assert [error["place"] for error in response.json()["errors"]] == [place]
        assert (await owner.get(f"{url}/{row}")).json()["code"] == "c0"

    async def test_is_nobody_elses(
        self,
        owner: httpx.AsyncClient,
        stranger: httpx.AsyncClient,
        make_client: MakeClient,
        make_actor: MakeActor,
        tenant: Tenant,
        url: str,
    ) -> None:
        """Another tenant's row is as absent as none; who only reads changes nothing."""
        (row,) = await fill(stranger, url, 1)
        (own,) = await fill(owner, url, 1)
        analyst = await make_client(await make_actor(tenant, Role.ANALYST))
        change = {"values": {"amount": 9}}
        assert_problem(await owner.get(f"{url}/{row}"), 404, "not_found")
        assert_problem(await owner.patch(f"{url}/{row}", json=change), 404, "not_found")
        assert_problem(await analyst.patch(f"{url}/{own}", json=change), 403, "forbidden")
        assert await amounts(stranger, url) == [0]
        assert (await owner.patch(f"{url}/{own}", json=change)).status_code == 200


class TestMatching:
    """POST …/rows/delete and …/rows/restore."""

    async def test_deletes_and_brings_back(
        self, owner: httpx.AsyncClient, stranger: httpx.AsyncClient, url: str
    ) -> None:
        """Just what matches goes, of this tenant; just that comes back."""
        rows = await fill(owner, url, 6)
        await fill(stranger, url, 6)
        await owner.delete(f"{url}/{rows[1]}")
        dry = await owner.post(f"{url}/delete", json={"filter": code("c1"), "dry_run": True})
        done = await owner.post(f"{url}/delete", json={"filter": code("c1"), "expected": 1})
        left = await amounts(owner, url)
        back = await owner.post(f"{url}/restore", json={"deletion": done.json()["deletion"]})

        assert dry.json() == {"deletion": None, "rows": 1}
        assert (done.json()["rows"], left) == (1, [0, 2, 3, 5])
        assert (back.json()["rows"], await amounts(owner, url)) == (1, [0, 2, 3, 4, 5])
        assert await amounts(stranger, url) == [0, 1, 2, 3, 4, 5]

    async def test_deletes_none_when_another_number_matches(
        self, owner: httpx.AsyncClient, url: str
    ) -> None:
        """The number that one has seen must be the number that goes."""
        await fill(owner, url, 6)
        order = {"filter": code("c1"), "expected": 5}
        refused = await owner.post(f"{url}/delete", json=order)
        assert_problem(refused, 409)
        assert "2 rows match" in refused.json()["detail"]
        assert len(await amounts(owner, url)) == 6

    @pytest.mark.parametrize(
        "order", [{}, {"filter": []}, {"filter": [{"column": "no", "op": "eq"}]}]
    )
    async def test_needs_a_filter(
        self, owner: httpx.AsyncClient, url: str, order: dict[str, Any]
    ) -> None:
        """Nobody deletes everything by leaving something out."""
        await fill(owner, url, 2)
        assert_problem(await owner.post(f"{url}/delete", json=order), 422)
        assert len(await amounts(owner, url)) == 2

    async def test_takes_back_no_other_deletion(
        self, owner: httpx.AsyncClient, stranger: httpx.AsyncClient, url: str
    ) -> None:
        """A deletion of another tenant, or none at all, is not found; a second time neither."""
        await fill(owner, url, 3)
        done = await owner.post(f"{url}/delete", json={"filter": code("c1")})
        order = {"deletion": done.json()["deletion"]}
        assert_problem(await stranger.post(f"{url}/restore", json=order), 404)
        assert_problem(await owner.post(f"{url}/restore", json={"deletion": str(uuid4())}), 404)
        assert (await owner.post(f"{url}/restore", json=order)).status_code == 200
        assert_problem(await owner.post(f"{url}/restore", json=order), 404)

    @pytest.mark.parametrize(("part", "status"), [({"filter": code("c1")[0]}, 403), ({}, 200)])
    async def test_needs_the_whole(
        self,
        make_client: MakeClient,
        make_actor: MakeActor,
        database: Database,
        tenant: Tenant,
        url: str,
        part: dict[str, Any],
        status: int,
    ) -> None:
        """Who may write and sees a part changes nothing, of the part neither; of the whole, all."""
        owner = await make_actor(tenant, Role.OWNER)
        whole = await make_client(owner)
        rows = await fill(whole, url, 3)
        user, place = await granting.guest(database, tenant.id)
        name, writing = url.split("/")[-2], Permission.ROW_WRITE
        await granting.grant(database, owner, place, "dataset", name, writing, **part)
        guest = await make_client(await people.admit(database, user, tenant.id))

        changed = await guest.patch(f"{url}/{rows[1]}", json={"values": {"amount": 9}})
        deleted = await guest.post(f"{url}/delete", json={"filter": code("c1")})

        assert (changed.status_code, deleted.status_code) == (status, status)
        assert await amounts(whole, url) == ([0, 1, 2] if status == 403 else [0, 2])

    @pytest.mark.acts_as("analyst")
    async def test_needs_the_permission(self, client: httpx.AsyncClient, url: str) -> None:
        """Who reads does not delete."""
        order = {"filter": code("c1")}
        assert_problem(await client.post(f"{url}/delete", json=order), 403, "forbidden")
