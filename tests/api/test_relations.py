"""Declared joins over HTTP: declared by the operator, used by every tenant."""

from typing import Any

import httpx
import pytest

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from workbench.permissions import Role
from workbench.tenants.models import Tenant


@pytest.fixture
async def owner(make_client: MakeClient, make_actor: MakeActor, tenant: Tenant) -> Any:
    """The tenant's owner."""
    return await make_client(await make_actor(tenant, Role.OWNER))


@pytest.fixture
async def names(operating: httpx.AsyncClient, owner: httpx.AsyncClient) -> tuple[str, str]:
    """Two datasets with three rows each, whose amounts are those of the other."""
    names = [await shop.define(operating), await shop.define(operating)]
    for name in names:
        await shop.fill(owner, name, 3)
    return names[0], names[1]


def order(target: str, **change: Any) -> dict[str, Any]:
    """The order of a relation."""
    pairs = {"columns": ["amount"], "target_columns": ["amount"]}
    return {"name": "other", "target": target, **pairs} | change


async def test_is_declared_once_and_used_by_members(
    operating: httpx.AsyncClient, owner: httpx.AsyncClient, names: tuple[str, str]
) -> None:
    """A question names the other's columns; after the declaration is gone it cannot."""
    address = f"/api/v1/datasets/{names[0]}/relations"
    made = await operating.post(address, json=order(names[1]))
    assert made.status_code == 201, made.text
    assert_problem(await operating.post(address, json=order(names[1])), 409, "name_taken")
    assert (await owner.get(address)).json()["items"] == [made.json()]
    question = {
        "group": [{"column": "other.code", "name": "code"}],
        "measures": [{"function": "sum", "column": "amount", "name": "sum"}],
    }
    asked = f"/api/v1/datasets/{names[0]}/query"
    for kept in ("miss", "hit"):
        answer = await owner.post(asked, json=question)
        assert answer.headers["x-cache"] == kept
        assert answer.json()["items"] == [{"code": f"c{n}", "sum": n} for n in range(3)]
    entries = (await owner.get("/api/v1/audit", params={"action": "dataset.relate"})).json()
    assert [entry["details"]["relation"] for entry in entries["items"]] == ["other"]
    assert (await operating.delete(made.headers["location"])).status_code == 204
    assert_problem(await operating.delete(made.headers["location"]), 404)
    assert_problem(await owner.post(asked, json=question), 422)


async def test_is_not_the_tenants_to_declare(
    operating: httpx.AsyncClient, owner: httpx.AsyncClient, names: tuple[str, str]
) -> None:
    """An owner may not, the operator may."""
    address = f"/api/v1/datasets/{names[0]}/relations"
    assert_problem(await owner.post(address, json=order(names[1])), 403, "forbidden")
    assert (await operating.post(address, json=order(names[1]))).is_success
    assert_problem(await owner.delete(f"{address}/other"), 403, "forbidden")


@pytest.mark.parametrize(
    "change",
    [
        {"target_columns": ["code"]},
        {"columns": ["amount", "code"]},
        {"columns": []},
        {"name": "a.b"},
        {"columns": ["tenant_id"]},
    ],
)
async def test_refuses_what_does_not_fit(
    operating: httpx.AsyncClient, names: tuple[str, str], change: dict[str, Any]
) -> None:
    """Other types, pairs that are none, names that could not be written."""
    address = f"/api/v1/datasets/{names[0]}/relations"
    assert_problem(await operating.post(address, json=order(names[1], **change)), 422)


@pytest.mark.acts_as("analyst")
class TestOfATenant:
    """Joins of private datasets: declared by who may change them, seen by their tenant alone."""

    @pytest.fixture
    async def mine(self, client: httpx.AsyncClient) -> str:
        """The name of a private dataset that the analyst has made, with three rows."""
        made = await client.post("/api/v1/datasets", json=shop.order())
        name = str(made.json()["name"])
        await shop.fill(client, name, 3)
        return name

    async def test_lead_to_shared_and_private_datasets(
        self,
        client: httpx.AsyncClient,
        owner: httpx.AsyncClient,
        stranger: httpx.AsyncClient,
        mine: str,
        names: tuple[str, str],
    ) -> None:
        """The maker declares; colleagues use; a stranger with a dataset so named has none."""
        made = await client.post("/api/v1/datasets", json=shop.order())
        second = made.json()["name"]
        await shop.fill(client, second, 2)
        address = f"/api/v1/datasets/{mine}/relations"
        for name, target in (("shared", names[0]), ("own", second)):
            answer = await client.post(address, json=order(target, name=name))
            assert answer.status_code == 201, answer.text
        listed = (await owner.get(address)).json()["items"]
        assert [(each["name"], each["target"]) for each in listed] == [
            ("own", second),
            ("shared", names[0]),
        ]
        question = {
            "group": [{"column": "shared.code", "name": "a"}, {"column": "own.code", "name": "b"}],
            "measures": [{"function": "count", "name": "n"}],
        }
        asked = f"/api/v1/datasets/{mine}/query"
        items = (await owner.post(asked, json=question)).json()["items"]
        assert [(each["a"], each["b"]) for each in items] == [
            ("c0", "c0"), ("c1", "c1"), ("c2", None),
        ]  # fmt: skip

        taken = await stranger.post("/api/v1/datasets", json=shop.order(name=mine))
        assert taken.status_code == 201, taken.text
        assert (await stranger.get(address)).json()["items"] == []
        assert_problem(await stranger.delete(f"{address}/own"), 404)
        assert_problem(await stranger.post(address, json=order(second)), 404)
        assert_problem(await stranger.post(asked, json=question), 422)

        # A question that names a join is refused once a side of it is not what it was.
        assert (await client.delete(f"/api/v1/datasets/{second}/columns/amount")).is_success
        assert_problem(await owner.post(asked, json=question), 422)
        assert (await client.delete(f"{address}/own")).status_code == 204
        entries = (await owner.get("/api/v1/audit", params={"action": "dataset.unrelate"})).json()
        assert [entry["target"] for entry in entries["items"]] == [f"dataset {mine}"]

    async def test_are_declared_by_who_may_change_the_dataset(
        self,
        make_client: MakeClient,
        make_actor: MakeActor,
        tenant: Tenant,
        mine: str,
        names: tuple[str, str],
    ) -> None:
        """Neither a viewer nor another analyst; an engineer may; nobody leads from shared ones."""
        address = f"/api/v1/datasets/{mine}/relations"
        for role in (Role.VIEWER, Role.ANALYST):
            other = await make_client(await make_actor(tenant, role))
            assert_problem(await other.post(address, json=order(names[0])), 403, "forbidden")
        engineer = await make_client(await make_actor(tenant, Role.ENGINEER))
        assert (await engineer.post(address, json=order(names[0]))).status_code == 201
        shared = f"/api/v1/datasets/{names[0]}/relations"
        assert_problem(await engineer.post(shared, json=order(mine)), 403, "forbidden")
