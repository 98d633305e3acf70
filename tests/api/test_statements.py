"""Parameters, errors, plans, cancelling and the history of ad-hoc SQL over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from tests.support.serving import serving
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants.models import Tenant

URL = "/api/v1/sql"
SLOW = "select count(*) from generate_series(1, 1000000000)"
RUNNING = text("select count(*) from pg_stat_activity where application_name ^@ :name")


@pytest.fixture
async def owner(make_client: MakeClient, make_actor: MakeActor, tenant: Tenant) -> Any:
    """The tenant's owner."""
    return await make_client(await make_actor(tenant, Role.OWNER))


@pytest.fixture
async def name(shared: str, owner: httpx.AsyncClient) -> str:
    """A dataset in which the tenant has twelve rows."""
    await shop.fill(owner, shared, 12)
    return shared


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    """The API over real HTTP."""
    async with serving(app) as address:
        yield address


async def runs(database: Database, actor: Actor) -> int:
    """How many statements of an actor's are open in PostgreSQL."""
    async with database.app.connect() as connection:
        return await connection.scalar(RUNNING, {"name": f"workbench {actor.sid} "}) or 0


class TestParameters:
    """`:name` in the text, a value beside it."""

    @pytest.mark.parametrize(
        ("sql", "parameters", "rows"),
        [
            ("select :a", {"a": "it's"}, [["it's"]]),
            ("select :a", {"a": "'; drop table tenants; --"}, [["'; drop table tenants; --"]]),
            ("select :a || :b", {"a": "a\\", "b": '"$1"'}, [['a\\"$1"']]),
            ("select :n * :n", {"n": 300}, [[90000]]),
            ("select :x, ':x', 1::int -- :y", {"x": True}, [[True, ":x", 1]]),
            ("select :x::int is null", {"x": None}, [[True]]),
            ("select 2 = any(:list)", {"list": [1, 2]}, [[True]]),
            ("select 'b' = any(:list)", {"list": ["a", "b"]}, [[True]]),
            ("select :d - 1", {"d": {"type": "date", "value": "2026-03-01"}}, [["2026-02-28"]]),
            ("select (array[1, 2, 3])[1 : :n]", {"n": 2}, [[[1, 2]]]),
            ("select '%s', :date, 10 % :limit", {"date": 1.5, "limit": 3}, [["%s", 1.5, 1]]),
            ("explain select :a::int", {"a": 1}, None),
        ],
    )
    async def test_are_values_and_never_text(
        self, client: httpx.AsyncClient, sql: str, parameters: dict[str, Any], rows: Any
    ) -> None:
        """Quotes, comments and placeholders in a value change nothing of the statement."""
        response = await client.post(URL, json={"sql": sql, "parameters": parameters})
        assert response.status_code == 200, response.text
        assert rows is None or response.json()["rows"] == rows

    async def test_choose_rows(self, client: httpx.AsyncClient, name: str) -> None:
        """A date that was typed is compared as a date, a text as a text."""
        order = {
            "sql": f"select amount from {name} where day = :day and code = :code",
            "parameters": {"day": "2026-01-05", "code": "c1"},
        }
        assert (await client.post(URL, json=order)).json()["rows"] == [[4]]
        order["parameters"] = {"day": "2026-01-05", "code": "c1' or 'a' = 'a"}
        assert (await client.post(URL, json=order)).json()["rows"] == []

    @pytest.mark.parametrize(
        ("sql", "parameters"),
        [
            ("select :a", {}),
            ("select 1", {"a": 1}),
            ("select $1", {}),
            ("select $1, :a", {"a": 1}),
            ("select :a", {"a": {"type": "date", "value": "tomorrow"}}),
            ("select :a", {"a": {"type": "regclass", "value": "pg_authid"}}),
            ("select :a", {"a": {"other": 1}}),
            ("select :a", {"a": []}),
            ("select :a", {"a": [[1]]}),
            ("select :a", {"a": "\0"}),
            ("select * from :a", {"a": "pg_class"}),
            ("select " + ", ".join(f":{c}" for c in "abcdefghijkl"), dict.fromkeys("abcdefghijkl")),
        ],
    )
    async def test_refuses_what_fits_nowhere(
        self, client: httpx.AsyncClient, sql: str, parameters: dict[str, Any]
    ) -> None:
        """Missing, unused, mistyped and misplaced ones are refused in the one format."""
        assert_problem(await client.post(URL, json={"sql": sql, "parameters": parameters}), 422)


class TestErrors:
    """An editor can mark the place."""

    @pytest.mark.parametrize(
        ("sql", "place", "word", "hint"),
        [
            ("select\n  amout\nfrom {}", (2, 3), "amout", "Did you mean amount?"),
            ("select 'é', t.amout from {} t", (1, 13), "t", "Did you mean amount?"),
            ("select 1\nfrom nowhere", (2, 6), "nowhere", None),
            ("select code, count(*) from {}", (1, 8), "code", "Group by it"),
            ("select lenght('x')", (1, 8), "lenght", "Did you mean length"),
            ("select :amont, :a", (1, 8), ":", None),
            ("select 1 +", (1, 11), "", None),
            ("select code + 1 from {}", (1, 13), "+", "Types do not fit"),
        ],
    )
    async def test_says_where(
        self,
        client: httpx.AsyncClient,
        name: str,
        sql: str,
        place: tuple[int, int],
        word: str,
        hint: str | None,
    ) -> None:
        """Line, column, length and the line itself; and what may help."""
        text = sql.format(name)
        parameters = {"a": 1} if ":a" in sql else {}
        response = await client.post(URL, json={"sql": text, "parameters": parameters})
        assert_problem(response, 422)
        (found,) = response.json()["errors"]
        position = found["position"]
        assert (position["line"], position["column"]) == place, position
        assert position["length"] == max(1, len(word))
        assert position["excerpt"] == text.split("\n")[place[0] - 1]
        assert (found.get("hint") or "").startswith(hint or ""), found

    async def test_guesses_names_of_visible_datasets_only(
        self, client: httpx.AsyncClient, name: str
    ) -> None:
        """A dataset is suggested by its name where it is the tenant's."""
        response = await client.post(URL, json={"sql": f"select 1 from {name[:-1]}"})
        # Other tests may have shared datasets of names as near.
        assert name in response.json()["errors"][0]["hint"]
        response = await client.post(URL, json={"sql": "select 1 from memberships"})
        assert "hint" not in response.json()["errors"][0]


class TestExplain:
    """POST /sql/explain."""

    async def test_is_a_tree_without_conditions(self, client: httpx.AsyncClient, name: str) -> None:
        """Nodes name datasets, not tables of ours; nothing of the policy shows."""
        order = {
            "sql": f"select code, count(*) from {name} where amount > :n group by code",
            "parameters": {"n": 3},
        }
        response = await client.post(f"{URL}/explain", json=order)
        assert response.status_code == 200, response.text
        assert "tenant_with" not in response.text
        assert '"d_' not in response.text
        found = nodes(response.json()["plan"])
        assert name in {node["dataset"] for node in found}
        assert all(node["rows"] is None and node["rows_estimated"] >= 0 for node in found)

    async def test_measures_when_asked(self, client: httpx.AsyncClient, name: str) -> None:
        """Rows and times as they were, in the tenant's own rows alone."""
        order = {"sql": f"select * from {name}", "analyze": True}
        body = (await client.post(f"{URL}/explain", json=order)).json()
        assert body["execution_ms"] > 0
        (scan,) = (node for node in nodes(body["plan"]) if node["dataset"] == name)
        assert scan["rows"] == 12
        assert scan["blocks_hit"] is not None

    async def test_measures_under_the_same_caps(
        self, client: httpx.AsyncClient, database: Database, actor: Actor
    ) -> None:
        """A plan that takes too long to measure is ended like a statement."""
        order = {"sql": SLOW, "analyze": True, "timeout": 0.3}
        assert_problem(await client.post(f"{URL}/explain", json=order), 422, "sql_timeout")
        assert await runs(database, actor) == 0
        assert (await client.post(f"{URL}/explain", json={"sql": SLOW})).status_code == 200

    @pytest.mark.parametrize("sql", ["delete from tenants", "explain select 1", "select * from x"])
    async def test_refuses_what_cannot_be_run(self, client: httpx.AsyncClient, sql: str) -> None:
        """What may not run has no plan either."""
        assert_problem(await client.post(f"{URL}/explain", json={"sql": sql}), 422, "sql_refused")


def nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    """All nodes of a tree."""
    return [node, *(below for child in node["below"] for below in nodes(child))]


class TestEnds:
    """Statements that end before their time."""

    async def test_the_caller_cancels(
        self, client: httpx.AsyncClient, database: Database, actor: Actor
    ) -> None:
        """By the id that he gave, from another request."""
        id_ = str(new_id())
        task = asyncio.create_task(client.post(URL, json={"sql": SLOW, "id": id_}))
        while await runs(database, actor) == 0:
            await asyncio.sleep(0.02)
        async with asyncio.timeout(2):
            response = await client.post(f"{URL}/{id_}/cancel")
            assert await runs(database, actor) == 0
        assert response.json()["outcome"] == "sql_cancelled", response.text
        assert_problem(await task, 409, "sql_cancelled")

    async def test_another_member_does_not(
        self, client: httpx.AsyncClient, owner: httpx.AsyncClient
    ) -> None:
        """Somebody else's statement is not there; one's own is."""
        id_ = (await client.post(URL, json={"sql": "select 1"})).json()["id"]
        assert_problem(await owner.post(f"{URL}/{id_}/cancel"), 404, "not_found")
        assert (await client.post(f"{URL}/{id_}/cancel")).json()["outcome"] == "succeeded"

    async def test_leaving_ends_it(
        self, client: httpx.AsyncClient, address: str, database: Database, actor: Actor
    ) -> None:
        """A connection that is closed takes its statement along."""
        async with httpx.AsyncClient(base_url=address, headers=client.headers) as leaving:
            task = asyncio.create_task(leaving.post(URL, json={"sql": SLOW}))
            while await runs(database, actor) == 0:
                await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(2):
            while await runs(database, actor):
                await asyncio.sleep(0.02)
        assert (await client.post(URL, json={"sql": "select 1"})).json()["rows"] == [[1]]

    @pytest.mark.parametrize("seconds", [0, -1, 301, 1e9])
    async def test_time_has_a_cap(self, client: httpx.AsyncClient, seconds: float) -> None:
        """Nobody asks for more than five minutes, and a second is enough for most."""
        assert_problem(await client.post(URL, json={"sql": "select 1", "timeout": seconds}), 422)
        assert (await client.post(URL, json={"sql": "select 1", "timeout": 1})).is_success


class TestHistory:
    """GET /sql/history."""

    async def test_lists_ones_own(
        self, client: httpx.AsyncClient, owner: httpx.AsyncClient
    ) -> None:
        """Page by page, the newest first; an owner finds none of it in his."""
        for n in range(3):
            await client.post(URL, json={"sql": "select :n", "parameters": {"n": n}})
        page = (await client.get(f"{URL}/history", params={"limit": 2})).json()
        assert [item["parameters"] for item in page["items"]] == [{"n": 2}, {"n": 1}]
        more = {"limit": 2, "cursor": page["next_cursor"]}
        rest = (await client.get(f"{URL}/history", params=more)).json()
        assert [item["outcome"] for item in rest["items"]] == ["succeeded"]
        assert rest["next_cursor"] is None
        assert (await owner.get(f"{URL}/history")).json()["items"] == []
