"""The past of a tenant's runs over HTTP: compared, listed, repeated with changes, deleted."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from tests.support import chromium
from tests.support.worked import work
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.runs.schemas import MetricMessage
from workbench.storage import Storage
from workbench.tenants.models import Tenant

URL = "/api/v1/runs"
FIGURES = "/api/v1/notebooks/tenant_report/metrics"


def notebook(shown: str) -> bytes:
    """The executed notebook of a run that has shown something."""
    output = {"output_type": "stream", "name": "stdout", "text": shown}
    cells = [
        {"cell_type": "code", "source": "print(rows)", "metadata": {}, "outputs": [output]},
        {"cell_type": "markdown", "source": "# Words", "metadata": {}},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}).encode()


class Past:
    """Two ended runs of a tenant, the second slower, and over its budget."""

    def __init__(self, database: Database, storage: Storage, tenant: Tenant) -> None:
        """For a tenant."""
        self.place = database, storage, tenant.id

    async def run(
        self, client: httpx.AsyncClient, top: int, seconds: float, commit: str
    ) -> dict[str, Any]:
        """Order a run, have it work, and answer it."""
        order = {"notebook": "tenant_report", "parameters": {"top": top}}
        response = await client.post(URL, json=order)
        assert response.status_code == 202, response.text
        id_ = response.json()["id"]
        metric = MetricMessage(name="seconds", value=seconds, unit="s", budget=3)
        files = {"notebook.ipynb": notebook(f"top {top}\nof all\n"), "report.html": b"<h1>"}
        await work(*self.place, UUID(id_), metric, commit=commit, files=files)
        answer: dict[str, Any] = (await client.get(f"{URL}/{id_}")).json()
        return answer


@pytest.fixture
def past(database: Database, storage: Storage, tenant: Tenant) -> Past:
    """The past of the tenant."""
    return Past(database, storage, tenant)


async def test_two_runs_are_compared_by_their_tenant_only(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, anonymous: httpx.AsyncClient, past: Past
) -> None:
    """Parameters, metrics with ratio and budget, and each cell; a stranger finds neither run."""
    old = await past.run(client, 5, 2, "a" * 40)
    new = await past.run(client, 7, 6, "b" * 40)
    answer = await client.get(f"{URL}/{old['id']}/diff/{new['id']}")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["run"], found["other"]) == (old, new)
    assert found["parameters"] == [{"name": "top", "value": 5, "other": 7}]
    [metric] = found["metrics"]
    assert (metric["ratio"], metric["crossed"]) == (3.0, "exceeded")
    [cell] = found["cells"]
    assert (cell["place"], cell["change"], found["same_cells"]) == (1, "output", 1)
    assert cell["diff"] == ["@@ -1,2 +1,2 @@", "-top 5", "+top 7", " of all"]
    back = (await client.get(f"{URL}/{new['id']}/diff/{old['id']}")).json()
    assert back["metrics"][0]["crossed"] == "kept"
    mine = (await stranger.post(URL, json={"notebook": "tenant_report"})).json()["id"]
    for pair in ((old["id"], new["id"]), (mine, old["id"]), (old["id"], mine)):
        response = await stranger.get(f"{URL}/{pair[0]}/diff/{pair[1]}")
        assert_problem(response, 404, "not_found")
    assert_problem(await anonymous.get(f"{URL}/{mine}/diff/{mine}"), 401)
    alone = (await stranger.get(f"{URL}/{mine}/diff/{mine}")).json()
    assert (alone["cells"], alone["same_cells"]) == ([], None)


async def test_history_is_narrowed_and_figures_are_read_over_time(
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    past: Past,
    actor: Actor,
) -> None:
    """By person, time, commit and parameters; a metric's history is the tenant's alone."""
    old = await past.run(client, 5, 2, "a" * 40)
    new = await past.run(client, 7, 6, "b" * 40 + "-dirty")
    both = [new["id"], old["id"]]
    courses = FIGURES.replace("metrics", "budgets")
    [course] = (await client.get(courses)).json()["items"]
    # The older run had other parameters, so that it is no measure of the newer one.
    assert [point["run_id"] for point in course["points"]] == both[:1]
    assert (course["name"], course["median"], course["last_good"]) == ("seconds", None, None)
    assert (await stranger.get(courses)).json()["items"] == []
    assert (old["commit"], old["notebook_hash"]) == ("a" * 40, "h" * 64)
    for query, expected in (
        ({"requested_by": str(actor.user_id)}, both),
        ({"requested_by": str(new_id())}, []),
        ({"since": new["created_at"]}, both[:1]),
        ({"until": new["created_at"]}, both[1:]),
        ({"commit": "aaaa"}, both[1:]),
        ({"commit": "b" * 40 + "-dirty"}, both[:1]),
        ({"parameter": "top=7"}, both[:1]),
        ({"parameter": ["top=7", "nothing=x"]}, []),
        ({"notebook": "tenant_report", "status": "succeeded"}, both),
    ):
        answer = await client.get(URL, params=query)
        assert [item["id"] for item in answer.json()["items"]] == expected, query
    for bad in (
        {"since": "2026-01-01T00:00:00"}, {"commit": "%"}, {"parameter": "top"},
        {"parameter": 'a="\\u0000"'}, {"parameter": "a=1e999"}, {"parameter": ["a=1"] * 21},
    ):  # fmt: skip
        assert_problem(await client.get(URL, params=bad), 422)
    first = (await client.get(FIGURES, params={"name": "seconds", "limit": 1})).json()
    [item] = first["items"]
    assert (item["run_id"], item["value"], item["budget"]) == (new["id"], 6.0, 3.0)
    query = {"name": "seconds", "cursor": first["next_cursor"]}
    rest = (await client.get(FIGURES, params=query)).json()
    assert [item["run_id"] for item in rest["items"]] == [old["id"]]
    assert rest["next_cursor"] is None
    foreign = await stranger.get(FIGURES, params={"name": "seconds"})
    assert foreign.json()["items"] == []
    assert_problem(await anonymous.get(FIGURES, params={"name": "seconds"}), 401)
    for wrong in ("Seconds", "", "a b"):
        assert_problem(await client.get(FIGURES, params={"name": wrong}), 422)


async def test_a_report_is_printed_for_its_tenant_only(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, anonymous: httpx.AsyncClient, past: Past
) -> None:
    """A PDF to be downloaded, which belongs to no origin; nobody else learns that there is one."""
    chromium.needed()
    run = await past.run(client, 5, 2, "a" * 40)
    url = f"{URL}/{run['id']}/report.pdf"
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert_problem(await anonymous.get(url), 401)
    for id_ in (run["id"], new_id()):
        assert_problem(await stranger.get(f"{URL}/{id_}/report.pdf"), 404, "not_found")


async def test_a_run_is_ordered_anew_with_changes(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, make_client: MakeClient,
    make_actor: MakeActor, tenant: Tenant, past: Past,
) -> None:  # fmt: skip
    """Its other parameters stay; what the notebook does not take, and who may not, is refused."""
    run = await past.run(client, 5, 2, "a" * 40)
    url = f"{URL}/{run['id']}/clone"
    key = {"Idempotency-Key": "once"}
    made = await client.post(url, json={"parameters": {"first_month": 3}}, headers=key)
    assert made.status_code == 202, made.text
    assert made.json()["parameters"] == run["parameters"] | {"first_month": 3}
    assert (made.json()["status"], made.json()["id"] != run["id"]) == ("queued", True)
    again = await client.post(url, json={"parameters": {"first_month": 3}}, headers=key)
    assert again.json() == made.json()
    assert (await client.get(made.headers["location"])).json()["id"] == made.json()["id"]
    for wrong in ({"nothing": 1}, {"top": "x"}):
        assert_problem(await client.post(url, json={"parameters": wrong}), 422)
    assert_problem(await stranger.post(url, json={}), 404, "not_found")
    viewer = await make_client(await make_actor(tenant, Role.VIEWER))
    assert_problem(await viewer.post(url, json={}), 403, "forbidden")


ENDS = ("", "/metrics", "/artifacts", "/artifacts/report.html", "/report", "/report.pdf")


async def test_a_deleted_run_is_gone_comes_back_whole_and_is_purged(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, make_client: MakeClient,
    make_actor: MakeActor, tenant: Tenant, storage: Storage, past: Past,
) -> None:  # fmt: skip
    """Every address of it answers 404 (N16); an analyst restores it, an owner alone purges it."""
    run = await past.run(client, 5, 2, "a" * 40)
    url = f"{URL}/{run['id']}"
    assert_problem(await stranger.delete(url), 404, "not_found")
    analyst = await make_client(await make_actor(tenant, Role.ANALYST))
    viewer = await make_client(await make_actor(tenant, Role.VIEWER))
    assert_problem(await viewer.delete(url), 403, "forbidden")
    ends = (*ENDS, f"/diff/{run['id']}")
    before = [(await client.get(url + end)).json() for end in ends[:3]]
    owner = await make_client(await make_actor(tenant, Role.OWNER))
    for verb in ("restore", "purge"):
        assert_problem(await owner.post(f"{url}/{verb}"), 404, "not_found")
    assert (await analyst.delete(url)).status_code == 204
    for end in ends:
        assert_problem(await client.get(url + end), 404, "not_found")
    assert (await client.get(FIGURES, params={"name": "seconds"})).json()["items"] == []
    assert (await client.get(URL)).json()["items"] == []
    files = (await client.get("/api/v1/files", params={"kind": "artifact"})).json()
    assert files["items"] == []
    for end in ("cancel", "retry", "clone"):
        assert_problem(await client.post(f"{url}/{end}", json={}), 404, "not_found")
    [trashed] = (await viewer.get(URL, params={"deleted": True})).json()["items"]
    assert (trashed["id"], trashed["deleted_at"] is None) == (run["id"], False)
    assert (await stranger.get(URL, params={"deleted": True})).json()["items"] == []
    assert_problem(await stranger.post(f"{url}/restore"), 404, "not_found")
    assert_problem(await viewer.post(f"{url}/restore"), 403, "forbidden")
    assert (await analyst.post(f"{url}/restore")).json() == run
    assert [(await client.get(url + end)).json() for end in ends[:3]] == before
    assert (await client.get(f"{url}/report")).text == "<h1>"
    kept = {found.key for found in storage.folder(tenant.id)}
    assert (await client.delete(url)).status_code == 204
    assert_problem(await analyst.post(f"{url}/purge"), 403, "forbidden")
    assert (await owner.post(f"{url}/purge")).status_code == 204
    assert len(kept - {found.key for found in storage.folder(tenant.id)}) == 2
    for verb in ("restore", "purge"):
        assert_problem(await owner.post(f"{url}/{verb}"), 404, "not_found")
    live = (await client.post(URL, json={"notebook": "tenant_report"})).json()["id"]
    assert_problem(await client.delete(f"{URL}/{live}"), 409, "run_live")
    await _assert_noted(owner, run["id"])


async def _assert_noted(owner: httpx.AsyncClient, run_id: str) -> None:
    """Check that the audit tells of two deletions, one return and the end."""
    noted = (await owner.get("/api/v1/audit", params={"run_id": run_id})).json()["items"]
    actions = [entry["action"] for entry in noted]
    assert (actions.count("run.delete"), actions.count("run.restore")) == (2, 1)
    purged = (await owner.get("/api/v1/audit", params={"action": "run.purge"})).json()["items"]
    assert [entry["details"]["runs"] for entry in purged] == [[run_id]]
