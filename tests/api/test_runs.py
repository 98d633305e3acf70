"""Notebooks and runs over HTTP."""

from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete

from tests.api.conftest import MakeClient, assert_problem, bearer, open_client
from tests.conftest import MakeActor
from tests.support.left import leave
from workbench.actor import Actor
from workbench.api import app as api
from workbench.db.idempotency import IdempotencyKey
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.permissions import Permission, Role
from workbench.runs import attempts
from workbench.runs.attempts import Attempt
from workbench.runs.schemas import MetricMessage, Status
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant

URL = "/api/v1/runs"
REPORT = "<h1>Report</h1><script>alert(1)</script>"


async def order(client: httpx.AsyncClient) -> str:
    """Order a run and answer its id."""
    response = await client.post(URL, json={"notebook": "tenant_report"})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


async def work(database: Database, storage: Storage, tenant: Tenant, run_id: str) -> None:
    """Do what a worker does: one metric, a report, the end."""
    worker = Actor.of_system("runs", Permission.RUN_READ, Permission.RUN_START, tenant_id=tenant.id)
    id_, now = UUID(run_id), datetime.now(UTC)
    async with database.session(worker) as session:
        run = await attempts.begin(session, worker, id_, now)
        attempt = Attempt(id_, run.attempt)
        metric = MetricMessage(name="rows_read", value=32, unit="rows")
        await attempts.record_metric(session, worker, attempt, metric)

        await leave(
            *(session, worker, attempt, "report.html"),
            storage=storage,
            media_type="text/html",
            data=REPORT.encode(),
        )
        await attempts.finish(session, worker, attempt, Status.SUCCEEDED, now)


class TestNotebooks:
    """GET /notebooks and /notebooks/{name}."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """The shelf is for the signed-in."""
        for end in ("", "/tenant_report"):
            response = await anonymous.get(f"/api/v1/notebooks{end}")
            assert_problem(response, 401, "unauthenticated")

    @pytest.mark.acts_as("viewer")
    async def test_shows_what_lies_on_the_shelf(self, client: httpx.AsyncClient) -> None:
        """Each notebook tells its contract; what it takes, as a JSON Schema."""
        items = (await client.get("/api/v1/notebooks")).json()["items"]
        (found,) = (item for item in items if item["name"] == "tenant_report")
        assert found == (await client.get("/api/v1/notebooks/tenant_report")).json()
        assert found["parameters"]["additionalProperties"] is False
        assert found["parameters"]["properties"]["top"]["maximum"] == 30
        assert found["limits"]["limit_seconds"] == 600
        assert found["budgets"]["rows_read"] == {"most": 1_000_000, "unit": "rows"}
        assert (found["queue"], found["priority"], found["retries"]) == ("interactive", 0, 0)

    @pytest.mark.parametrize("name", ["nothing", "..%2fpyproject", "%2e%2e", "tenant_report.ipynb"])
    async def test_answers_what_is_not_there(self, client: httpx.AsyncClient, name: str) -> None:
        """No name leads out of the shelf."""
        assert_problem(await client.get(f"/api/v1/notebooks/{name}"), 404)


class TestStart:
    """POST /runs."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Runs are ordered by the signed-in."""
        response = await anonymous.post(URL, json={"notebook": "tenant_report"})
        assert_problem(response, 401, "unauthenticated")

    @pytest.mark.acts_as("viewer")
    async def test_refuses_a_viewer(self, client: httpx.AsyncClient) -> None:
        """A viewer starts nothing."""
        response = await client.post(URL, json={"notebook": "tenant_report"})
        assert_problem(response, 403, "forbidden")

    async def test_orders_a_run(self, client: httpx.AsyncClient, actor: Actor) -> None:
        """The run waits for a worker, and is found where the answer says."""
        response = await client.post(URL, json={"notebook": "tenant_report"})
        assert response.status_code == 202
        body = response.json()
        assert (body["status"], body["requested_by"]) == ("queued", str(actor.user_id))
        assert (body["queue"], body["priority"], body["retries"]) == ("interactive", 0, 0)
        found = (await client.get(response.headers["location"])).json()
        waits = {"waits": found["waits"], "ahead": 0}
        assert found == body | waits
        assert waits["waits"] in {"turn", "no_worker"}

    async def test_a_key_outlasts_the_kept_answer(
        self, client: httpx.AsyncClient, actor: Actor, database: Database
    ) -> None:
        """When the answer is forgotten, the key answers the first run; another order is 409."""
        key, order_ = {"Idempotency-Key": "nightly"}, {"notebook": "tenant_report"}
        first = await client.post(URL, json=order_, headers=key)
        async with database.session(actor) as session:
            await session.execute(delete(IdempotencyKey))
        again = await client.post(URL, json=order_, headers=key)
        assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
        assert "Idempotency-Replayed" not in again.headers
        async with database.session(actor) as session:
            await session.execute(delete(IdempotencyKey))
        other = order_ | {"parameters": {"first_month": 2}}
        assert_problem(
            await client.post(URL, json=other, headers=key), 409, "idempotency_key_reused"
        )

    async def test_a_quota_is_429(
        self, settings: Settings, database: Database, storage: Storage, tokens: Tokens, actor: Actor
    ) -> None:
        """The order that is one too many is refused in words that help; its twin before is not."""
        app = api.create(settings.model_copy(update={"runs_waiting": 1}), database, storage)
        headers = {"Authorization": f"Bearer {bearer(tokens, actor)}"}
        async with open_client(app, headers) as client:
            await order(client)
            refused = await client.post(URL, json={"notebook": "tenant_report"})
        assert_problem(refused, 429, "too_many_runs")
        assert "cancel some" in refused.json()["detail"]

    @pytest.mark.parametrize(
        ("order", "status"),
        [
            ({"notebook": "nothing"}, 404),
            ({"notebook": "../x"}, 404),
            ({}, 422),
            ({"notebook": "tenant_report", "parameters": {"nothing": 1}}, 422),
            ({"notebook": "tenant_report", "parameters": {"__import__('os')": 1}}, 422),
            ({"notebook": "tenant_report", "parameters": {"first_month": "x"}}, 422),
            ({"notebook": "tenant_report", "parameters": {"first_month": 13}}, 422),
            ({"notebook": "tenant_report", "parameters": []}, 422),
            ({"notebook": "tenant_report", "status": "succeeded"}, 422),
            ({"notebook": "tenant_report", "tenant_id": "x"}, 422),
        ],
    )
    async def test_refuses_bad_orders(
        self, client: httpx.AsyncClient, order: dict[str, object], status: int
    ) -> None:
        """Unknown notebooks, parameters and fields are refused before anything starts."""
        assert_problem(await client.post(URL, json=order), status)
        assert (await client.get(URL)).json()["items"] == []


class TestRead:
    """GET /runs, /runs/{id}, metrics, artifacts and report."""

    ENDS = ("", "/attempts", "/metrics", "/artifacts", "/artifacts/report.html", "/report")

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Runs are for the signed-in."""
        assert_problem(await anonymous.get(URL), 401, "unauthenticated")
        for end in self.ENDS:
            response = await anonymous.get(f"{URL}/{new_id()}{end}")
            assert_problem(response, 401, "unauthenticated")

    async def test_shows_what_a_run_left_to_its_tenant_only(
        self,
        client: httpx.AsyncClient,
        stranger: httpx.AsyncClient,
        database: Database,
        storage: Storage,
        tenant: Tenant,
    ) -> None:
        """Figures, files and report are the tenant's; a stranger gets a random id's answer."""
        run = await order(client)
        await work(database, storage, tenant, run)
        assert (await client.get(f"{URL}/{run}")).json()["status"] == "succeeded"
        (metric,) = (await client.get(f"{URL}/{run}/metrics")).json()["items"]
        assert (metric["name"], metric["value"], metric["unit"]) == ("rows_read", 32, "rows")
        (attempt,) = (await client.get(f"{URL}/{run}/attempts")).json()["items"]
        assert (attempt["number"], attempt["outcome"]) == (1, "succeeded")
        (artifact,) = (await client.get(f"{URL}/{run}/artifacts")).json()["items"]
        assert (artifact["name"], artifact["size"]) == ("report.html", len(REPORT))
        for end in self.ENDS:
            foreign = await stranger.get(f"{URL}/{run}{end}")
            nobody = await stranger.get(f"{URL}/{new_id()}{end}")
            assert_problem(foreign, 404, "not_found")
            assert foreign.json() | {"request_id": ""} == nobody.json() | {"request_id": ""}

    async def test_shows_a_report_that_can_do_nothing(
        self, client: httpx.AsyncClient, database: Database, storage: Storage, tenant: Tenant
    ) -> None:
        """The page is sandboxed, fetches nothing, sets no cookie and is not kept."""
        run = await order(client)
        assert_problem(await client.get(f"{URL}/{run}/report"), 404)
        await work(database, storage, tenant, run)
        response = await client.get(f"{URL}/{run}/report")
        assert response.text == REPORT
        assert response.headers["content-type"].startswith("text/html")
        policy = response.headers["content-security-policy"]
        assert policy.startswith("sandbox; default-src 'none'")
        assert "allow-scripts" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        assert "set-cookie" not in response.headers

    async def test_sends_files_as_attachments(
        self, client: httpx.AsyncClient, database: Database, storage: Storage, tenant: Tenant
    ) -> None:
        """A file is downloaded and never shown in our origin; other names are not found."""
        run = await order(client)
        await work(database, storage, tenant, run)
        response = await client.get(f"{URL}/{run}/artifacts/report.html")
        assert response.text == REPORT
        assert response.headers["content-disposition"].startswith("attachment")
        assert response.headers["content-security-policy"].startswith("sandbox")
        for name in ("1-report.html", "..%2freport.html", "%00", "REPORT.HTML"):
            response = await client.get(f"{URL}/{run}/artifacts/{name}")
            assert response.status_code in (404, 422)

    async def test_lists_page_by_page(
        self, client: httpx.AsyncClient, stranger: httpx.AsyncClient
    ) -> None:
        """The newest run comes first, and filters narrow the list."""
        made = [await order(client) for _ in range(3)]
        await order(stranger)
        first = (await client.get(URL, params={"limit": 2})).json()
        rest = (await client.get(URL, params={"cursor": first["next_cursor"]})).json()
        assert [item["id"] for item in first["items"] + rest["items"]] == made[::-1]
        assert rest["next_cursor"] is None
        none = await client.get(URL, params={"status": "failed", "notebook": "tenant_report"})
        assert none.json()["items"] == []
        for query in ({"status": "nothing"}, {"limit": 10**9}, {"cursor": "x"}):
            assert_problem(await client.get(URL, params=query), 422)


class TestEnd:
    """POST /runs/{id}/cancel and /retry."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Runs are ended by the signed-in."""
        for end in ("cancel", "retry"):
            response = await anonymous.post(f"{URL}/{new_id()}/{end}")
            assert_problem(response, 401, "unauthenticated")

    async def test_refuses_a_viewer(
        self, client: httpx.AsyncClient, make_client: MakeClient, make_actor: MakeActor,
        tenant: Tenant,
    ) -> None:  # fmt: skip
        """A viewer ends nothing."""
        run = await order(client)
        viewer = await make_client(await make_actor(tenant, Role.VIEWER))
        for end in ("cancel", "retry"):
            assert_problem(await viewer.post(f"{URL}/{run}/{end}"), 403, "forbidden")

    async def test_cancels_once_and_retries(
        self, client: httpx.AsyncClient, stranger: httpx.AsyncClient
    ) -> None:
        """A waiting run is cancelled once, and can be ordered again; a stranger does neither."""
        run = await order(client)
        for end in ("cancel", "retry"):
            assert_problem(await stranger.post(f"{URL}/{run}/{end}"), 404, "not_found")
        assert_problem(await client.post(f"{URL}/{run}/retry"), 409, "run_live")
        cancelled = await client.post(f"{URL}/{run}/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
        assert_problem(await client.post(f"{URL}/{run}/cancel"), 409, "run_ended")
        again = await client.post(f"{URL}/{run}/retry")
        assert (again.status_code, again.json()["status"]) == (202, "queued")
