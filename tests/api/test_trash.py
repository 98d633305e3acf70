"""Deleted rows over HTTP: what is in the trash, and what comes out of it."""

import httpx
import pytest

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.permissions import Role
from workbench.tenants.models import Tenant

pytestmark = pytest.mark.acts_as("engineer")


@pytest.fixture
def url(shared: str) -> str:
    """Where the rows are of a dataset that both tenants have."""
    return f"/api/v1/datasets/{shared}/rows"


async def test_it_shows_who_deleted_what(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, actor: Actor, url: str
) -> None:
    """The newest first, page by page: single rows, rows of a deletion, and nobody else's."""
    name = url.split("/")[-2]
    ids = await shop.fill(client, name, 6)
    (foreign,) = await shop.fill(stranger, name, 1)
    await client.delete(f"{url}/{ids[0]}")
    matching = [{"column": "code", "op": "eq", "value": "c1"}]
    deletion = (await client.post(f"{url}/delete", json={"filter": matching})).json()["deletion"]
    await stranger.delete(f"{url}/{foreign}")

    first = (await client.get(f"{url}/deleted?limit=2")).raise_for_status().json()
    more = {"limit": 2, "cursor": first["next_cursor"]}
    second = (await client.get(f"{url}/deleted", params=more)).raise_for_status().json()
    items = first["items"] + second["items"]
    assert [item["row"]["row_id"] for item in items] == [ids[4], ids[1], ids[0]]
    assert [item["deletion"] for item in items] == [deletion, deletion, None]
    assert {item["deleted_by"] for item in items} == {actor.subject}
    assert items[0]["row"] == {
        "row_id": ids[4], "code": "c1", "amount": 4, "share": None, "is_open": None,
        "day": "2026-01-05", "sold_at": None,
    }  # fmt: skip
    assert second["next_cursor"] is None


async def test_what_is_restored_is_in_it_no_more(client: httpx.AsyncClient, url: str) -> None:
    """Each item tells how it comes back: by its row's id, or with its whole deletion."""
    ids = await shop.fill(client, url.split("/")[-2], 4)
    await client.delete(f"{url}/{ids[0]}")
    every = [{"column": "amount", "op": "ge", "value": 2}]
    deletion = (await client.post(f"{url}/delete", json={"filter": every})).json()["deletion"]
    assert len((await client.get(f"{url}/deleted")).json()["items"]) == 3
    back = await client.post(f"{url}/restore", json={"deletion": deletion})
    assert back.json() == {"rows": 2}
    (left,) = (await client.get(f"{url}/deleted")).json()["items"]
    assert (await client.post(f"{url}/{left['row']['row_id']}/restore")).status_code == 204
    assert (await client.get(f"{url}/deleted")).json() == {"items": [], "next_cursor": None}


async def test_it_is_for_who_may_restore(
    client: httpx.AsyncClient,
    make_client: MakeClient,
    make_actor: MakeActor,
    tenant: Tenant,
    url: str,
) -> None:
    """Who only reads does not see what others deleted; a wrong cursor is refused."""
    analyst = await make_client(await make_actor(tenant, Role.ANALYST))
    assert_problem(await analyst.get(f"{url}/deleted"), 403, "forbidden")
    assert (await client.get(f"{url}/deleted")).status_code == 200
    for cursor in ("x", "WyJhIiwxXQ", "WzEsMl0"):
        assert_problem(await client.get(f"{url}/deleted?cursor={cursor}"), 422)
    assert_problem(await client.get(url.replace("sales", "wales") + "/deleted"), 404, "not_found")
