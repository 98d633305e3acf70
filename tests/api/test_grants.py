"""Grants over HTTP: one dataset, dashboard or notebook, for one role or member, no more."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.api.test_access import explained, granted
from tests.api.test_roles import member_id, narrow
from tests.conftest import MakeActor
from tests.support.worked import work
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.runs.schemas import MetricMessage
from workbench.storage import Storage
from workbench.tenants.models import Tenant

URL = "/api/v1/grants"
FEW = {"column": "amount", "op": "lt", "value": 3}
LEFT = ("/report", "/artifacts/report.html", "/artifacts/a.csv")
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
async def guests(make_client: MakeClient, guest: Actor) -> httpx.AsyncClient:
    """A client signed in as the guest."""
    return await make_client(guest)


@pytest.fixture
async def guest_id(client: httpx.AsyncClient, guest: Actor) -> str:
    """The guest's membership."""
    return await member_id(client, guest)


async def amounts(client: httpx.AsyncClient, name: str) -> list[int]:
    """The amounts that somebody sees."""
    answer = await client.get(f"/api/v1/datasets/{name}/rows")
    assert answer.status_code == 200, answer.text
    return [row["amount"] for row in answer.json()["items"]]


async def ordered(client: httpx.AsyncClient, notebook: str) -> str:
    """Order a run and answer its id."""
    made = await client.post("/api/v1/runs", json={"notebook": notebook})
    assert made.status_code == 202, made.text
    return str(made.json()["id"])


async def opened(client: httpx.AsyncClient, url: str) -> list[int]:
    """What somebody is answered who opens what a run left."""
    return [(await client.get(url + path)).status_code for path in LEFT]


class TestDataset:
    """A grant on one dataset."""

    async def test_it_opens_just_that_dataset(
        self,
        client: httpx.AsyncClient,
        operating: httpx.AsyncClient,
        guests: httpx.AsyncClient,
        guest_id: str,
        sales: str,
    ) -> None:
        """The other dataset of the same tenant stays out of sight, in lists, rows and SQL."""
        other = await shop.define(operating)
        await shop.fill(client, other, 3)
        role = await client.post("/api/v1/roles", json={"name": "ask", "permissions": ["sql:run"]})
        await client.put(f"{role.headers['location']}/members/{guest_id}")
        assert_problem(await guests.get(f"/api/v1/datasets/{sales}/rows"), 403, "forbidden")
        made = await granted(client, member=guest_id, dataset=sales)
        assert (made["dataset"], made["permissions"]) == (sales, ["dataset:read", "row:read"])
        listed = (await guests.get("/api/v1/datasets")).json()["items"]
        assert [dataset["name"] for dataset in listed] == [sales]
        assert len(await amounts(guests, sales)) == 10
        assert_problem(await guests.get(f"/api/v1/datasets/{other}/rows"), 404, "not_found")
        asked = {"sql": f"select count(*) from {sales}"}
        assert (await guests.post("/api/v1/sql", json=asked)).json()["rows"] == [[10]]
        refused = await guests.post("/api/v1/sql", json={"sql": f"select * from {other}"})
        assert refused.status_code == 422, refused.text
        row = {"rows": [{"code": "x", "amount": 1}]}
        written = await guests.post(f"/api/v1/datasets/{sales}/rows", json=row)
        assert_problem(written, 403, "forbidden")

    async def test_it_is_changed_and_revoked_at_once(
        self, client: httpx.AsyncClient, guests: httpx.AsyncClient, guest_id: str, sales: str
    ) -> None:
        """Another filter, a mask, the whole, and nothing: each at the next request (A6)."""
        made = await granted(client, member=guest_id, dataset=sales, filter=FEW)
        url = f"{URL}/{made['id']}"
        assert await amounts(guests, sales) == [0, 1, 2]
        seen = {"If-Match": (await client.get(url)).headers["etag"]}
        many = {"filter": {"column": "amount", "op": "in", "value": [7, 9]}}
        changed = await client.patch(url, json=many, headers=seen)
        assert changed.status_code == 200, changed.text
        assert await amounts(guests, sales) == [7, 9]
        assert_problem(await client.patch(url, json=many, headers=seen), 412, "stale")
        assert_problem(await client.delete(url, headers=seen), 412, "stale")
        await client.patch(url, json={"masks": {"code": "null"}})
        rows = (await guests.get(f"/api/v1/datasets/{sales}/rows")).json()["items"]
        assert [(row["amount"], row["code"]) for row in rows] == [(7, None), (9, None)]
        await client.patch(url, json={"filter": None, "masks": {}})
        assert len(await amounts(guests, sales)) == 10
        assert (await client.delete(url)).status_code == 204
        assert_problem(await guests.get(f"/api/v1/datasets/{sales}/rows"), 403, "forbidden")
        assert_problem(await client.get(url), 404, "not_found")

    async def test_it_ends_with_its_role_and_with_its_member(
        self, client: httpx.AsyncClient, guests: httpx.AsyncClient, guest_id: str, sales: str
    ) -> None:
        """The grants of a deleted role give nothing and are listed no more."""
        role = await client.post("/api/v1/roles", json={"name": "desk"})
        await client.put(f"{role.headers['location']}/members/{guest_id}")
        made = await granted(client, role="desk", dataset=sales)
        assert len(await amounts(guests, sales)) == 10
        found = (await client.get(URL, params={"role": "desk"})).json()["items"]
        assert [grant["id"] for grant in found] == [made["id"]]
        await client.delete(role.headers["location"])
        assert_problem(await guests.get("/api/v1/datasets"), 403, "forbidden")
        assert (await client.get(URL)).json()["items"] == []
        await granted(client, member=guest_id, dataset=sales)
        assert len(await amounts(guests, sales)) == 10
        assert (await client.delete(f"/api/v1/members/{guest_id}")).status_code == 204
        assert_problem(await guests.get("/api/v1/datasets"), 401, "signed_out")
        assert (await client.get(URL)).json()["items"] == []


class TestNotebook:
    """A grant on one notebook."""

    async def test_it_opens_just_that_notebook(
        self,
        client: httpx.AsyncClient,
        guests: httpx.AsyncClient,
        guest_id: str,
        make_client: MakeClient,
        make_actor: MakeActor,
        tenant: Tenant,
    ) -> None:
        """The guest sees, starts, reads and cancels runs of it; nobody else gains anything."""
        order = {"notebook": "tenant_report", "parameters": {}}
        assert_problem(await guests.get("/api/v1/notebooks"), 403, "forbidden")
        assert_problem(await guests.post("/api/v1/runs", json=order), 403, "forbidden")
        role = {"name": "reads", "permissions": ["row:read", "dataset:read"]}
        made = await client.post("/api/v1/roles", json=role)
        await client.put(f"{made.headers['location']}/members/{guest_id}")
        await granted(client, member=guest_id, notebook="tenant_report")
        listed = (await guests.get("/api/v1/notebooks")).json()["items"]
        assert [notebook["name"] for notebook in listed] == ["tenant_report"]
        started = await guests.post("/api/v1/runs", json=order)
        assert started.status_code == 202, started.text
        url = f"/api/v1/runs/{started.json()['id']}"
        assert (await guests.get(url)).json()["notebook"] == "tenant_report"
        assert (await guests.post(f"{url}/cancel")).json()["status"] == "cancelled"
        other = await make_client(await make_actor(tenant, Role.GUEST))
        assert_problem(await other.get(url), 403, "forbidden")
        assert_problem(await guests.get("/api/v1/datasets/nothing"), 404, "not_found")

    async def test_what_runs_leave_shows_nobody_more_than_he_sees(
        self,
        client: httpx.AsyncClient,
        guests: httpx.AsyncClient,
        guest_id: str,
        sales: str,
        database: Database,
        storage: Storage,
        tenant: Tenant,
    ) -> None:
        """Of another notebook a guest finds no run; who sees a part finds none of others.

        What he ordered himself is open to him, and all of it once he sees the whole dataset.
        """
        part = await granted(client, member=guest_id, dataset=sales, filter=FEW)
        await granted(client, member=guest_id, notebook="tenant_report")
        metric, files = MetricMessage(name="rows", value=9), {"report.html": b"r", "a.csv": b"1"}
        runs = {}
        for who, notebook in (
            (client, "isolation_proof"),
            (client, "tenant_report"),
            (guests, "tenant_report"),
        ):
            id_ = await ordered(who, notebook)
            await work(database, storage, tenant.id, UUID(id_), metric, files=files, said="x")
            runs[who, notebook] = f"/api/v1/runs/{id_}"
        foreign, others, own = runs.values()
        for url in (foreign, own, others):
            assert (await client.get(f"{url}/report")).status_code == 200
        for path in ("", "/attempts", "/metrics", "/artifacts", "/log", *LEFT):
            for url in (foreign, others):
                assert_problem(await guests.get(url + path), 404)
        assert await opened(guests, own) == [200] * 3
        assert (await guests.get(f"{own}/log")).json()["text"] == "x"
        assert len((await guests.get(f"{own}/metrics")).json()["items"]) == 1
        assert_problem(await guests.get(f"{own}/diff/{others.rpartition('/')[2]}"), 404)
        listed = (await guests.get("/api/v1/runs")).json()["items"]
        assert [run["id"] for run in listed] == [own.rpartition("/")[2]]
        noted = (await client.get("/api/v1/audit", params={"action": "log.read"})).json()["items"]
        assert [item["run_id"] for item in noted] == [own.rpartition("/")[2]]
        await client.patch(f"{URL}/{part['id']}", json={"filter": None})
        assert await opened(guests, others) == [200] * 3
        assert await opened(guests, foreign) == [404] * 3

    async def test_it_is_there(self, client: httpx.AsyncClient, guest_id: str) -> None:
        """What is not on the shelf is not granted."""
        order = {"member": guest_id, "notebook": "nothing"}
        assert_problem(await client.post(URL, json=order), 404, "unknown_notebook")


class TestMake:
    """POST /grants."""

    @pytest.mark.parametrize(
        "change",
        [
            {"role": "desk"},
            {"member": None},
            {"dashboard": "flights"},
            {"dataset": None},
            {"dataset": "x' or 1"},
            {"permissions": ["sql:run"]},
            {"permissions": []},
            {"filter": {"column": "nothing", "op": "eq", "value": 1}},
            {"filter": {"column": "amount", "op": "eq", "value": "many"}},
            {"filter": {"column": "amount", "op": "like", "value": 1}},
            {"filter": {"all": []}},
            {"filter": {"column": "code", "op": "eq", "value": "a\0"}},
            {"masks": {"nothing": "null"}},
            {"masks": {"amount": "hash"}},
            {"masks": {"code": "none"}},
            {"permissions": ["dataset:read"], "filter": FEW},
            {"tenant_id": str(new_id())},
        ],
    )
    async def test_it_refuses_what_is_no_grant(
        self, client: httpx.AsyncClient, guest_id: str, sales: str, change: dict[str, Any]
    ) -> None:
        """One holder, one target, permissions and a part that fit."""
        order = {"member": guest_id, "dataset": sales} | change
        assert_problem(await client.post(URL, json=order), 422)
        assert (await client.get(URL)).json()["items"] == []

    async def test_it_happens_once(
        self, client: httpx.AsyncClient, guest_id: str, sales: str
    ) -> None:
        """Under a key it is answered alike; without, the second is told that it is there (A5)."""
        headers, order = {"Idempotency-Key": new_id().hex}, {"member": guest_id, "dataset": sales}
        first, again = [await client.post(URL, json=order, headers=headers) for _ in range(2)]
        assert first.json() == again.json()
        assert_problem(await client.post(URL, json=order), 409, "granted_already")
        for filter_, value in (("dataset", sales), ("member", guest_id)):
            found = (await client.get(URL, params={filter_: value})).json()["items"]
            assert [grant["id"] for grant in found] == [first.json()["id"]]
        assert (await client.get(URL, params={"dashboard": sales})).json()["items"] == []

    async def test_nobody_grants_to_himself_or_more_than_he_holds(
        self,
        client: httpx.AsyncClient,
        make_client: MakeClient,
        database: Database,
        tenant: Tenant,
        actor: Actor,
        guest_id: str,
        sales: str,
    ) -> None:
        """Neither an owner nor a manager of roles who sees part of a dataset (A11)."""
        own = {"member": await member_id(client, actor), "dataset": sales}
        assert_problem(await client.post(URL, json=own), 403, "own_role")
        manager = await narrow(database, client, tenant, "role:manage", "member:read")
        narrowed = await make_client(manager)
        part = await granted(
            client, member=await member_id(client, manager), dataset=sales, filter=FEW
        )
        assert await amounts(narrowed, sales) == [0, 1, 2]
        order = {"member": guest_id, "dataset": sales}
        assert_problem(await narrowed.post(URL, json=order), 403, "too_wide")
        change = await narrowed.patch(f"{URL}/{part['id']}", json={"filter": None})
        assert_problem(change, 403)
        few = await granted(client, member=guest_id, dataset=sales, filter=FEW)
        wider = await narrowed.patch(f"{URL}/{few['id']}", json={"filter": None})
        assert_problem(wider, 403, "too_wide")
        await client.patch(f"{URL}/{part['id']}", json={"filter": None})
        assert (
            await narrowed.patch(f"{URL}/{few['id']}", json={"filter": None})
        ).status_code == 200

    async def test_a_role_is_not_given_with_grants_that_the_giver_lacks(
        self,
        client: httpx.AsyncClient,
        make_client: MakeClient,
        database: Database,
        tenant: Tenant,
        guest_id: str,
        sales: str,
    ) -> None:
        """A role's grants go with it, so whoever gives it holds them."""
        narrowed = await make_client(
            await narrow(database, client, tenant, "role:manage", "member:read")
        )
        role = await client.post("/api/v1/roles", json={"name": "desk"})
        url = f"{role.headers['location']}/members/{guest_id}"
        await granted(client, role="desk", dataset=sales)
        assert_problem(await narrowed.put(url), 403, "too_wide")
        assert (await client.put(url)).status_code == 204
        assert (await explained(client, guest_id, dataset=sales))["allowed"] is True

    async def test_a_stranger_finds_nothing(
        self, client: httpx.AsyncClient, stranger: httpx.AsyncClient, guest_id: str, sales: str
    ) -> None:
        """Another tenant's owner neither sees, changes nor revokes, nor grants to B's member."""
        made = await granted(client, member=guest_id, dataset=sales)
        assert (await stranger.get(URL)).json()["items"] == []
        for id_ in (made["id"], str(new_id())):
            url = f"{URL}/{id_}"
            assert_problem(await stranger.get(url), 404, "not_found")
            assert_problem(await stranger.patch(url, json={"filter": None}), 404, "not_found")
            assert_problem(await stranger.delete(url), 404, "not_found")
        order = {"member": guest_id, "dashboard": "flights"}
        assert_problem(await stranger.post(URL, json=order), 404, "not_found")
        assert (await client.get(f"{URL}/{made['id']}")).status_code == 200
