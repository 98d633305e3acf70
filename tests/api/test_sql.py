"""Ad-hoc SQL over HTTP; what statements may do is tested with the room."""

import httpx
import pytest

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from workbench.permissions import Role
from workbench.tenants.models import Tenant

URL = "/api/v1/sql"


@pytest.fixture
def name(shared: str) -> str:
    """A dataset that both tenants have."""
    return shared


class TestRun:
    """POST /sql."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Statements come from the signed-in."""
        assert_problem(await anonymous.post(URL, json={"sql": "select 1"}), 401, "unauthenticated")

    @pytest.mark.acts_as("viewer")
    async def test_refuses_a_viewer(self, client: httpx.AsyncClient) -> None:
        """A viewer does not write SQL."""
        assert_problem(await client.post(URL, json={"sql": "select 1"}), 403, "forbidden")

    async def test_reads_own_rows_only(
        self,
        make_client: MakeClient,
        make_actor: MakeActor,
        stranger: httpx.AsyncClient,
        tenant: Tenant,
        name: str,
    ) -> None:
        """The same statement gives each tenant its own rows, as lists; and the audit knows."""
        owner = await make_client(await make_actor(tenant, Role.OWNER))
        await shop.fill(owner, name, 3)
        await shop.fill(stranger, name, 2)
        order = {"sql": f"select amount, day from {name} order by amount"}
        body = (await owner.post(URL, json=order)).json()
        assert body["columns"] == ["amount", "day"]
        assert body["rows"] == [[0, "2026-01-01"], [1, "2026-01-02"], [2, "2026-01-03"]]
        assert body["truncated"] is False
        assert body["elapsed_ms"] > 0
        assert len((await stranger.post(URL, json=order)).json()["rows"]) == 2
        (entry,) = (
            item
            for item in (await owner.get("/api/v1/audit")).json()["items"]
            if item["action"] == "sql.run"
        )
        assert entry["details"]["text"] == order["sql"]

    async def test_cuts_at_the_limit(self, client: httpx.AsyncClient) -> None:
        """No more rows than asked for, and it says that there are more."""
        order = {"sql": "select n from generate_series(1, 100) n", "limit": 10}
        body = (await client.post(URL, json=order)).json()
        assert len(body["rows"]) == 10
        assert body["truncated"] is True

    @pytest.mark.parametrize(
        "order",
        [
            {"sql": "delete from tenants"},
            {"sql": "select 1; select 2"},
            {"sql": "select set_config('workbench.actor_token', '', false)"},
            {"sql": "select * from pg_class"},
            {"sql": "select from where"},
            {"sql": ""},
            {"sql": "select 1/0"},
            {"sql": "select '\0'"},
            {"sql": "x" * 200_000},
            {"sql": "select 1", "limit": 10**9},
            {"sql": "select 1", "limit": 0},
            {"sql": "select 1", "role": "postgres"},
            {"statement": "select 1"},
        ],
    )
    async def test_refuses_what_is_no_question(
        self, client: httpx.AsyncClient, order: dict[str, object]
    ) -> None:
        """What changes, looks elsewhere or cannot be read is refused in the one format."""
        assert_problem(await client.post(URL, json=order), 422)
