"""Datasets and their rows over HTTP."""

import json
from typing import Any

import httpx
import pytest

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from workbench.permissions import Role
from workbench.tenants.models import Tenant

URL = "/api/v1/datasets"


@pytest.fixture
def name(shared: str) -> str:
    """A dataset that both tenants have."""
    return shared


@pytest.fixture
async def engineer(
    make_client: MakeClient, make_actor: MakeActor, tenant: Tenant
) -> httpx.AsyncClient:
    """A client that may write rows."""
    return await make_client(await make_actor(tenant, Role.ENGINEER))


class TestDefine:
    """POST /datasets."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Only the signed-in define anything."""
        assert_problem(await anonymous.post(URL, json=shop.order()), 401, "unauthenticated")

    @pytest.mark.acts_as("viewer")
    async def test_refuses_a_viewer(self, client: httpx.AsyncClient) -> None:
        """Who may make no dataset makes none, neither a private nor a shared one."""
        assert_problem(await client.post(URL, json=shop.order()), 403, "forbidden")

    async def test_defines_for_every_tenant(
        self, operating: httpx.AsyncClient, client: httpx.AsyncClient, stranger: httpx.AsyncClient
    ) -> None:
        """The dataset is there for each, also for a tenant made later."""
        response = await operating.post(URL, json=shop.order())
        assert response.status_code == 201
        url = response.headers["location"]
        for member in (client, stranger):
            found = await member.get(url)
            assert [column["name"] for column in found.json()["columns"]] == [
                column["name"] for column in shop.COLUMNS
            ]
        names = [item["name"] for item in (await operating.get(URL)).json()["items"]]
        assert response.json()["name"] in names

    async def test_reaches_a_tenant_made_later(
        self, operating: httpx.AsyncClient, make_client: MakeClient, make_actor: MakeActor
    ) -> None:
        """A new tenant begins with every shared dataset."""
        name = await shop.define(operating)
        made = await operating.post("/api/v1/tenants", json={"slug": name[-30:], "name": "Late"})
        late = Tenant(id=made.json()["id"])
        client = await make_client(await make_actor(late, Role.VIEWER))
        assert (await client.get(f"{URL}/{name}")).status_code == 200

    async def test_refuses_a_taken_name(self, operating: httpx.AsyncClient) -> None:
        """Two datasets have two names."""
        name = await shop.define(operating)
        again = await operating.post(URL, json=shop.order(name=name))
        assert_problem(again, 409, "name_taken")

    @pytest.mark.parametrize(
        "change",
        [
            {"name": "Bad Name"},
            {"name": "x; drop table tenants"},
            {"name": 'x"y'},
            {"name": "runs"},
            {"columns": []},
            {"columns": [{"name": "tenant_id", "type": "text"}]},
            {"columns": [{"name": "ctid", "type": "text"}]},
            {"columns": [{"name": "a", "type": "jsonb"}]},
            {"columns": [{"name": "a", "type": "text"}] * 2},
            {"columns": [{"name": "a", "type": "text", "default": "1"}]},
            {"tenant_id": "x"},
        ],
    )
    async def test_refuses_bad_definitions(
        self, operating: httpx.AsyncClient, change: dict[str, Any]
    ) -> None:
        """Names and types become tables, so each is checked; nothing half-made stays."""
        order = shop.order(**change)
        assert_problem(await operating.post(URL, json=order), 422)
        names = [item["name"] for item in (await operating.get(URL)).json()["items"]]
        assert order["name"] not in names


class TestCatalogue:
    """GET /datasets and GET /datasets/{name}."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """The catalogue is for the signed-in."""
        assert_problem(await anonymous.get(URL), 401, "unauthenticated")
        assert_problem(await anonymous.get(f"{URL}/flights"), 401, "unauthenticated")

    @pytest.mark.acts_as("viewer")
    async def test_lists_what_there_is(self, client: httpx.AsyncClient, name: str) -> None:
        """A viewer finds the dataset with its columns."""
        items = (await client.get(URL)).json()["items"]
        (found,) = (item for item in items if item["name"] == name)
        assert found == (await client.get(f"{URL}/{name}")).json()
        assert found["columns"][1] == {
            "name": "amount", "type": "integer", "title": "", "unit": "pieces",
            "description": "", "semantic": None,
        }  # fmt: skip

    @pytest.mark.parametrize("name", ["nothing", "pg_class", "x' or '1'='1", "..%2ftenants", "%00"])
    async def test_answers_what_is_not_there(self, client: httpx.AsyncClient, name: str) -> None:
        """Names of nothing, of the system and of mischief are alike."""
        response = await client.get(f"{URL}/{name}")
        assert response.status_code in (404, 422)
        assert_problem(response, response.status_code)


class TestRows:
    """GET /datasets/{name}/rows."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Rows are for the signed-in."""
        assert_problem(await anonymous.get(f"{URL}/flights/rows"), 401, "unauthenticated")

    async def test_shows_each_tenant_its_own(
        self, engineer: httpx.AsyncClient, stranger: httpx.AsyncClient, name: str
    ) -> None:
        """Two tenants share a definition and not one row."""
        mine = await shop.fill(engineer, name, 5)
        theirs = await shop.fill(stranger, name, 3)
        for client, ids in ((engineer, mine), (stranger, theirs)):
            items = (await client.get(f"{URL}/{name}/rows")).json()["items"]
            assert [item["row_id"] for item in items] == ids
            assert set(items[0]) == {"row_id"} | {column["name"] for column in shop.COLUMNS}

    async def test_goes_through_all_pages(self, engineer: httpx.AsyncClient, name: str) -> None:
        """Every row is seen once, in the order asked for."""
        await shop.fill(engineer, name, 25)
        seen: list[int] = []
        query: dict[str, Any] = {"limit": 4, "sort": "code,-amount"}
        while True:
            body = (await engineer.get(f"{URL}/{name}/rows", params=query)).json()
            seen += [item["amount"] for item in body["items"]]
            if body["next_cursor"] is None:
                break
            query["cursor"] = body["next_cursor"]
        assert seen == sorted(range(25), key=lambda n: (n % 3, -n))

    @pytest.mark.parametrize(
        ("filters", "amounts"),
        [
            (["amount:ge:3"], [3, 4]),
            (["amount:lt:2", "code:eq:c1"], [1]),
            (["code:in:c0,c2"], [0, 2, 3]),
            (["share:is_null:"], [0, 1, 2, 3, 4]),
            (["share:is_null:false"], []),
            (["code:prefix:c"], [0, 1, 2, 3, 4]),
            (["day:le:2026-01-02"], [0, 1]),
            (['[{"column": "amount", "op": "in", "value": [1, 2]}]'], [1, 2]),
            (["code:eq:' or 1=1 --"], []),
            (["code:eq:a:b"], []),
        ],
    )
    async def test_filters(
        self, engineer: httpx.AsyncClient, name: str, filters: list[str], amounts: list[int]
    ) -> None:
        """Conditions hold together, and what looks like SQL is only a value."""
        await shop.fill(engineer, name, 5)
        response = await engineer.get(f"{URL}/{name}/rows", params={"filter": filters})
        assert response.status_code == 200, response.text
        assert [item["amount"] for item in response.json()["items"]] == amounts

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": "1000000000"},
            {"limit": "-5"},
            {"limit": "0"},
            {"sort": "nothing"},
            {"sort": "amount;drop table x"},
            {"sort": "amount,amount"},
            {"filter": "nothing:eq:1"},
            {"filter": "tenant_id:eq:1"},
            {"filter": "deleted_at:is_null:false"},
            {"filter": "amount:eq:x"},
            {"filter": "amount:like:x"},
            {"filter": "amount"},
            {"filter": "[{]"},
            {"filter": "[" * 5000},
            {"filter": '[{"column": "amount", "op": "eq", "value": 1, "extra": 1}]'},
            {"filter": '[{"column": "amount", "op": "eq", "value": {"a": 1}}]'},
            {"filter": "code:eq:\0"},
            {"filter": "is_open:eq:perhaps"},
            {"filter": "day:eq:2026-02-31"},
            {"filter": "amount:eq:99999999999999999999"},
            {"cursor": "nonsense"},
            {"cursor": "WzEsMl0"},
        ],
    )
    async def test_refuses_what_it_does_not_understand(
        self, client: httpx.AsyncClient, name: str, query: dict[str, str]
    ) -> None:
        """Unknown columns, ill-typed values and pages without bounds are refused by name."""
        response = await client.get(f"{URL}/{name}/rows", params=query)
        assert_problem(response, 422)
        assert response.json()["errors"]


class TestQuery:
    """POST /datasets/{name}/query."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Figures are for the signed-in."""
        response = await anonymous.post(f"{URL}/flights/query", json={"measures": []})
        assert_problem(response, 401, "unauthenticated")

    async def test_groups_own_rows(
        self, engineer: httpx.AsyncClient, stranger: httpx.AsyncClient, name: str
    ) -> None:
        """The figures are of the tenant's rows alone."""
        await shop.fill(engineer, name, 6)
        await shop.fill(stranger, name, 60)
        order = {
            "group": [{"column": "code"}],
            "measures": [
                {"function": "count", "name": "n"},
                {"function": "sum", "column": "amount", "name": "total"},
            ],
            "sort": [{"column": "total", "descending": True}],
        }
        body = (await engineer.post(f"{URL}/{name}/query", json=order)).json()
        assert body == {
            "items": [
                {"code": "c2", "n": 2, "total": 7},
                {"code": "c1", "n": 2, "total": 5},
                {"code": "c0", "n": 2, "total": 3},
            ],
            "next_cursor": None,
        }

    @pytest.mark.parametrize(
        "order",
        [
            {},
            {"measures": [{"function": "sum"}]},
            {"measures": [{"function": "sum", "column": "nothing"}]},
            {"measures": [{"function": "pg_sleep", "column": "amount"}]},
            {"measures": [{"function": "count"}], "limit": 10**9},
            {"measures": [{"function": "count"}], "having": "1=1"},
            {"measures": [{"function": "count", "name": 'n"; drop'}]},
        ],
    )
    async def test_refuses_bad_questions(
        self, client: httpx.AsyncClient, name: str, order: dict[str, Any]
    ) -> None:
        """Unknown functions, columns and fields are refused."""
        assert_problem(await client.post(f"{URL}/{name}/query", json=order), 422)


class TestChange:
    """POST /datasets/{name}/rows, DELETE and restore."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Rows are changed by the signed-in."""
        url = f"{URL}/flights/rows"
        assert_problem(await anonymous.post(url, json={"rows": [{}]}), 401, "unauthenticated")
        assert_problem(await anonymous.delete(f"{url}/1"), 401, "unauthenticated")
        assert_problem(await anonymous.post(f"{url}/1/restore"), 401, "unauthenticated")

    async def test_refuses_an_analyst(self, client: httpx.AsyncClient, name: str) -> None:
        """An analyst reads and does not write."""
        url = f"{URL}/{name}/rows"
        assert_problem(await client.post(url, json={"rows": [{}]}), 403, "forbidden")
        assert_problem(await client.delete(f"{url}/1"), 403, "forbidden")
        assert_problem(await client.post(f"{url}/1/restore"), 403, "forbidden")

    async def test_deletes_and_restores(self, engineer: httpx.AsyncClient, name: str) -> None:
        """A deleted row is gone from every answer until it is restored."""
        first, second = await shop.fill(engineer, name, 2)
        url = f"{URL}/{name}/rows"
        assert (await engineer.delete(f"{url}/{first}")).status_code == 204
        assert_problem(await engineer.delete(f"{url}/{first}"), 404)
        items = (await engineer.get(url)).json()["items"]
        assert [item["row_id"] for item in items] == [second]
        assert (await engineer.post(f"{url}/{first}/restore")).status_code == 204
        assert_problem(await engineer.post(f"{url}/{first}/restore"), 404)
        assert len((await engineer.get(url)).json()["items"]) == 2

    async def test_answers_a_foreign_row_like_none(
        self, engineer: httpx.AsyncClient, stranger: httpx.AsyncClient, name: str
    ) -> None:
        """Another tenant's row id and nobody's get the same answer, and nothing changes."""
        (theirs,) = await shop.fill(stranger, name, 1)
        url = f"{URL}/{name}/rows"
        for method, end in (("DELETE", ""), ("POST", "/restore")):
            foreign = await engineer.request(method, f"{url}/{theirs}{end}")
            nobody = await engineer.request(method, f"{url}/{2**62}{end}")
            assert_problem(foreign, 404)
            assert foreign.json() | {"request_id": ""} == nobody.json() | {"request_id": ""}
        assert len((await stranger.get(url)).json()["items"]) == 1

    @pytest.mark.parametrize(
        "row",
        [
            {"tenant_id": "00000000-0000-0000-0000-000000000000"},
            {"row_id": 1},
            {"deleted_at": None},
            {"amount": "x"},
            {"amount": 2**63},
            {"code": "a\0b"},
            {"code": 1},
            {"day": "yesterday"},
            {"share": "NaN"},
        ],
    )
    async def test_refuses_bad_rows_as_a_whole(
        self, engineer: httpx.AsyncClient, name: str, row: dict[str, Any]
    ) -> None:
        """One bad row among good ones: nothing is written."""
        rows = [{"code": "good"}, row]
        response = await engineer.post(f"{URL}/{name}/rows", json={"rows": rows})
        assert_problem(response, 422)
        assert (await engineer.get(f"{URL}/{name}/rows")).json()["items"] == []

    async def test_refuses_numbers_that_json_does_not_know(
        self, engineer: httpx.AsyncClient, name: str
    ) -> None:
        """NaN and Infinity come in as words of Python's JSON, and are refused."""
        for value in ("NaN", "Infinity", "1e999", "9" * 4000):
            response = await engineer.post(
                f"{URL}/{name}/rows",
                content=f'{{"rows": [{{"share": {value}}}]}}',
                headers={"Content-Type": "application/json"},
            )
            assert_problem(response, 422)

    async def test_values_come_back_as_they_went_in(
        self, engineer: httpx.AsyncClient, name: str
    ) -> None:
        """Each type survives the way in and out."""
        row = {
            "code": 'ü "quoted" <b> \U0001f6eb',
            "amount": -(2**63),
            "share": 0.1,
            "is_open": False,
            "day": "0001-01-01",
            "sold_at": "2026-01-31T12:30:00Z",
        }
        await engineer.post(f"{URL}/{name}/rows", json={"rows": [row]})
        response = await engineer.get(f"{URL}/{name}/rows")
        (found,) = json.loads(response.text)["items"]
        assert {key: found[key] for key in row} == row
