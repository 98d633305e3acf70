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
