"""Private datasets over HTTP: made, described, changed, deleted and restored."""

from typing import Any

import httpx
import pytest

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.permissions import Role
from workbench.tenants.models import Tenant

URL = "/api/v1/datasets"


@pytest.fixture
async def mine(client: httpx.AsyncClient) -> str:
    """The address of a private dataset that the client has made, with three rows."""
    made = await client.post(URL, json=shop.order())
    assert made.status_code == 201, made.text
    url = made.headers["location"]
    rows = [{"code": code, "amount": n} for n, code in enumerate(("1", "2", "x"))]
    assert (await client.post(f"{url}/rows", json={"rows": rows})).status_code == 201
    return str(url)


@pytest.fixture
async def viewer(
    make_client: MakeClient, make_actor: MakeActor, tenant: Tenant
) -> httpx.AsyncClient:
    """A client of the same tenant that may read."""
    return await make_client(await make_actor(tenant, Role.VIEWER))


CHANGES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("PATCH", "", {"title": "Other"}),
    ("PATCH", "", {"name": "other_name"}),
    ("POST", "/columns", {"name": "more", "type": "text"}),
    ("PATCH", "/columns/code", {"title": "Other"}),
    ("PATCH", "/columns/code", {"type": "integer", "dry_run": True}),
    ("POST", "/orders", {"sort": [{"column": "code"}]}),
    ("DELETE", "/columns/code", None),
    ("POST", "/columns/code/restore", None),
    ("DELETE", "", None),
]
each_change = pytest.mark.parametrize(("method", "path", "order"), CHANGES)


class TestMake:
    """POST /datasets, by a member."""

    async def test_an_analyst_makes_and_fills_one(
        self, client: httpx.AsyncClient, viewer: httpx.AsyncClient, actor: Actor, mine: str
    ) -> None:
        """It says that it is private and who made it; the tenant reads it."""
        shown = (await viewer.get(mine)).json()
        assert (shown["is_private"], shown["made_by"]) == (True, str(actor.user_id))
        items = (await viewer.get(f"{mine}/rows")).json()["items"]
        assert [item["code"] for item in items] == ["1", "2", "x"]
        order = {"measures": [{"function": "sum", "column": "amount", "name": "n"}]}
        answer = await viewer.post(f"{mine}/query", json=order)
        assert answer.json()["items"] == [{"n": 3}]
        name = shown["name"]
        asked = await client.post("/api/v1/sql", json={"sql": f"select max(code) from {name}"})
        assert asked.json()["rows"] == [["x"]]
        file = await client.get(f"{mine}/export", params={"format": "csv", "columns": "code"})
        assert file.text.split() == ["code", "1", "2", "x"]

    async def test_another_tenant_has_none(self, stranger: httpx.AsyncClient, mine: str) -> None:
        """It is not there for another tenant, who makes one of the same name."""
        assert_problem(await stranger.get(mine), 404)
        name = mine.rsplit("/", 1)[-1]
        assert (await stranger.post(URL, json=shop.order(name=name))).status_code == 201

    async def test_it_is_made_once(self, client: httpx.AsyncClient) -> None:
        """A repeated request is answered as the first; without a key the name is taken."""
        order, key = shop.order(), {"Idempotency-Key": "once"}
        first, second = [await client.post(URL, json=order, headers=key) for _ in range(2)]
        assert first.json() == second.json()
        assert second.headers["Idempotency-Replayed"] == "true"
        assert_problem(await client.post(URL, json=order), 409, "name_taken")

    async def test_shared_ones_say_so(
        self, client: httpx.AsyncClient, operating: httpx.AsyncClient
    ) -> None:
        """A shared dataset has no maker; a private one's name is not shared."""
        name = await shop.define(operating)
        shown = (await client.get(f"{URL}/{name}")).json()
        assert (shown["is_private"], shown["made_by"]) == (False, None)
        mine = await client.post(URL, json=shop.order())
        taken = await operating.post(URL, json=shop.order(name=mine.json()["name"]))
        assert_problem(taken, 409, "name_taken")


class TestWho:
    """Who changes what."""

    @each_change
    async def test_a_reader_changes_nothing(
        self, viewer: httpx.AsyncClient, mine: str, method: str, path: str, order: Any
    ) -> None:
        """Whoever only reads is refused."""
        assert_problem(await viewer.request(method, mine + path, json=order), 403, "forbidden")

    @each_change
    async def test_another_tenant_finds_nothing(
        self, stranger: httpx.AsyncClient, mine: str, method: str, path: str, order: Any
    ) -> None:
        """It is as absent as a dataset that nobody has."""
        answers = [
            await stranger.request(method, url + path, json=order)
            for url in (mine, f"{URL}/nobodys")
        ]
        told = [{**a.json(), "request_id": None} for a in answers]
        assert told[0] == told[1]
        assert_problem(answers[0], 404)

    @pytest.mark.acts_as("owner")
    @each_change
    async def test_a_shared_one_is_the_operators(
        self,
        client: httpx.AsyncClient,
        operating: httpx.AsyncClient,
        method: str,
        path: str,
        order: Any,
    ) -> None:
        """No member changes what all tenants share, and the operator does."""
        url = f"{URL}/{await shop.define(operating)}"
        assert_problem(await client.request(method, url + path, json=order), 403, "forbidden")
        if path.endswith("restore"):
            assert (await operating.delete(f"{url}/columns/code")).is_success
        if order == {"name": "other_name"}:
            order = {"name": shop.order()["name"]}
        done = await operating.request(method, url + path, json=order)
        assert done.is_success, done.text


class TestDataset:
    """PATCH, DELETE and restore."""

    async def test_what_has_changed_is_answered(self, client: httpx.AsyncClient, mine: str) -> None:
        """Title, description and name at once, under the new name from then on."""
        name = shop.order()["name"]
        order = {"title": "Other", "description": "Of shops.", "name": name}
        done = await client.patch(mine, json=order)
        assert {key: done.json()[key] for key in order} == order
        assert (await client.get(f"{URL}/{name}")).json() == done.json()
        assert_problem(await client.get(mine), 404)

    async def test_what_somebody_else_has_changed(
        self, client: httpx.AsyncClient, mine: str
    ) -> None:
        """An older state is not written over; rows that come in between do not count."""
        seen = (await client.get(mine)).headers["etag"]
        await client.post(f"{mine}/rows", json={"rows": [{"code": "y"}]})
        match = {"If-Match": seen}
        first = await client.patch(mine, json={"title": "First"}, headers=match)
        assert first.status_code == 200
        assert_problem(await client.patch(mine, json={"title": "Second"}, headers=match), 412)
        assert_problem(await client.delete(mine, headers=match), 412)
        assert_problem(await client.delete(f"{mine}/columns/code", headers=match), 412)
        again = {"If-Match": first.headers["etag"]}
        assert (await client.delete(mine, headers=again)).status_code == 204

    async def test_it_is_gone_and_back(self, client: httpx.AsyncClient, mine: str) -> None:
        """With its rows; nothing is restored twice."""
        assert (await client.delete(mine)).status_code == 204
        assert_problem(await client.get(f"{mine}/rows"), 404)
        assert_problem(await client.delete(mine), 404)
        assert (await client.post(f"{mine}/restore")).status_code == 200
        assert len((await client.get(f"{mine}/rows")).json()["items"]) == 3
        assert_problem(await client.post(f"{mine}/restore"), 404)


class TestColumns:
    """Columns."""

    async def test_a_column_is_added_and_dropped(
        self, client: httpx.AsyncClient, mine: str
    ) -> None:
        """Described, with a meaning of the list."""
        order = {"name": "site", "type": "text", "title": "Site", "semantic": "url"}
        added = await client.post(f"{mine}/columns", json=order)
        assert added.status_code == 201
        assert order.items() <= added.json()["columns"][-1].items()
        assert (await client.delete(f"{mine}/columns/site")).status_code == 204
        assert (await client.post(f"{mine}/columns/site/restore")).json()["columns"][-1][
            "name"
        ] == "site"

    async def test_a_type_that_loses_values(self, client: httpx.AsyncClient, mine: str) -> None:
        """A dry run tells what would be lost, and changes nothing; it has to be agreed to."""
        url = f"{mine}/columns/code"
        would = await client.patch(url, json={"type": "integer", "dry_run": True})
        assert (would.json()["lost"], would.json()["column"]["type"]) == (1, "text")
        assert [example["value"] for example in would.json()["examples"]] == ["x"]
        refused = await client.patch(url, json={"type": "integer"})
        assert_problem(refused, 409, "values_lost")
        assert [error["message"] for error in refused.json()["errors"]] == ["x"]
        done = await client.patch(
            url, json={"type": "integer", "losing": True, "name": "number", "unit": "pieces"}
        )
        assert (done.json()["lost"], done.json()["column"]["type"]) == (1, "integer")
        assert done.json()["column"]["name"] == "number"
        items = (await client.get(f"{mine}/rows")).json()["items"]
        assert [item["number"] for item in items] == [1, 2, None]

    @pytest.mark.parametrize(
        ("path", "order"),
        [
            ("", {"name": "Bad Name"}),
            ("", {"name": "runs"}),
            ("", {"name": "pg_x"}),
            ("", {"private_to": None}),
            ("", {"title": "x\u0000"}),
            ("/columns/code", {"name": "tenant_id"}),
            ("/columns/code", {"name": 'x"y'}),
            ("/columns/code", {"type": "jsonb"}),
            ("/columns/code", {"semantic": "nonsense"}),
            ("/columns/code", {"dry_run": True}),
            ("/columns/code", {"position": 3}),
        ],
    )
    async def test_refuses_bad_changes(
        self, client: httpx.AsyncClient, mine: str, path: str, order: dict[str, Any]
    ) -> None:
        """Nothing that a request says becomes SQL; what is unknown is refused."""
        before = (await client.get(mine)).json()
        assert_problem(await client.patch(mine + path, json=order), 422)
        assert (await client.get(mine)).json() == before

    @pytest.mark.parametrize("name", ["nothing", "row_id", "tenant_id", "x' or '1'='1", "%00"])
    async def test_a_column_that_there_is_not(
        self, client: httpx.AsyncClient, mine: str, name: str
    ) -> None:
        """As absent as any other, whatever its name looks like."""
        for method, order in (("PATCH", {"name": "other"}), ("DELETE", None)):
            answer = await client.request(method, f"{mine}/columns/{name}", json=order)
            assert answer.status_code in (404, 422), answer.text


class TestOrders:
    """Orders of rows that are kept."""

    async def test_pages_are_the_same_with_one_and_without(
        self, client: httpx.AsyncClient, viewer: httpx.AsyncClient, mine: str
    ) -> None:
        """Added, told, used by pages of every way, given up; only by who may."""

        async def pages() -> list[Any]:
            found: list[Any] = []
            asked: dict[str, Any] = {"sort": "-amount", "limit": 1}
            while not found or asked["cursor"] is not None:
                page = (await viewer.get(f"{mine}/rows", params=asked)).json()
                found += page["items"]
                asked["cursor"] = page["next_cursor"]
            return found

        order = {"sort": [{"column": "amount", "descending": True}]}
        before = [await pages() for _ in range(2)]
        added = await client.post(f"{mine}/orders", json=order)
        assert (added.status_code, added.json()["orders"]) == (201, ["-amount"])
        assert (await viewer.get(mine)).json()["orders"] == ["-amount"]
        assert [await pages() for _ in range(2)] == before
        assert [row["amount"] for row in before[0]] == [2, 1, 0]
        long = {"rows": [{"code": "".join(f"{number:x}" for number in range(9000))}]}
        assert (await client.post(f"{mine}/orders", json={"sort": [{"column": "code"}]})).is_success
        assert_problem(await client.post(f"{mine}/rows", json=long), 422)
        assert_problem(await viewer.delete(f"{mine}/orders/-amount"), 403, "forbidden")
        assert (await client.delete(f"{mine}/orders/-amount")).status_code == 204
        assert_problem(await client.delete(f"{mine}/orders/-amount"), 409)
        assert (await client.get(mine)).json()["orders"] == ["code"]
        for sort in ([], [{"column": "x"}], [{"column": "code"}] * 4):
            answer = await client.post(f"{mine}/orders", json={"sort": sort})
            assert_problem(answer, 404 if len(sort) == 1 else 422)

    async def test_searches_agree(self, client: httpx.AsyncClient, mine: str) -> None:
        """The first one, those by what is known then, and the one after a change."""
        asked = {"filter": '{"search": "X"}'}
        for _ in range(4):
            items = (await client.get(f"{mine}/rows", params=asked)).json()["items"]
            assert [item["code"] for item in items] == ["x"]
        await client.post(f"{mine}/rows", json={"rows": [{"code": "xX"}]})
        for _ in range(3):
            items = (await client.get(f"{mine}/rows", params=asked)).json()["items"]
            assert [item["code"] for item in items] == ["x", "xX"]
