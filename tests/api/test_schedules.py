"""Schedules over HTTP: made, watched, changed, paused, deleted, and whose they are."""

from typing import Any

import httpx
import pytest

from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.permissions import Role
from workbench.tenants.models import Tenant

URL = "/api/v1/schedules"
ORDER = {
    "name": "Punctuality",
    "notebook": "tenant_report",
    "parameters": {"top": 5},
    "cron": "0 6 * * MON-FRI",
    "time_zone": "Europe/Berlin",
}


async def made(client: httpx.AsyncClient, **change: Any) -> dict[str, Any]:
    """A schedule that somebody made."""
    response = await client.post(URL, json=ORDER | change)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


@pytest.mark.acts_as("engineer")
async def test_the_life_of_a_schedule(
    client: httpx.AsyncClient,
    actor: Actor,
    make_actor: MakeActor,
    make_client: MakeClient,
    tenant: Tenant,
    stranger: httpx.AsyncClient,
) -> None:
    """Made, shown, changed by another who owns it then, paused, resumed, deleted, restored."""
    schedule = await made(client)
    address = f"{URL}/{schedule['id']}"
    assert schedule["owner_id"] == str(actor.user_id)
    times = (await client.get(f"{address}/times")).json()["items"]
    assert len(times) == 5
    assert times[0][11:19] == "06:00:00"
    assert (await client.get(URL)).json()["items"] == [schedule]
    assert (await client.get(f"{address}/ticks")).json()["items"] == []
    assert_problem(await client.post(URL, json=ORDER), 409, "name_taken")

    colleague = await make_actor(tenant, Role.ENGINEER)
    theirs = await make_client(colleague)
    shown = await theirs.get(address)
    change = {"cron": "0 7 * * *"}
    seen = {"If-Match": shown.headers["etag"]}
    changed = await theirs.patch(address, json=change, headers=seen)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["cron"], changed.json()["owner_id"]) == (
        "0 7 * * *",
        str(colleague.user_id),
    )
    assert_problem(await client.patch(address, json=change, headers=seen), 412, "stale")

    paused = (await client.post(f"{address}/pause")).json()
    assert (paused["next_at"], paused["paused_reason"]) == (None, "Somebody paused it.")
    assert (await client.get(f"{address}/times")).json()["items"] == []
    assert_problem(await client.post(f"{address}/pause"), 409, "already_paused")
    resumed = (await client.post(f"{address}/resume")).json()
    assert (resumed["paused_at"], resumed["owner_id"]) == (None, str(actor.user_id))
    assert resumed["next_at"] is not None

    assert (await client.delete(address)).status_code == 204
    assert_problem(await client.get(address), 404, "not_found")
    assert_problem(await stranger.post(f"{address}/restore"), 404, "not_found")
    restored = (await client.post(f"{address}/restore")).json()
    assert (restored["name"], restored["next_at"]) == ("Punctuality", None)


@pytest.mark.acts_as("engineer")
@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"cron": None}, 422, "no_trigger"),
        ({"cron": "0 0 30 2 *"}, 422, "bad_cron"),
        ({"time_zone": "Mars/Olympus"}, 422, "bad_time_zone"),
        ({"parameters": {"top": "many"}}, 422, "invalid_parameters"),
        ({"notebook": "nothing"}, 404, "unknown_notebook"),
        ({"recipients": ["x@y.example\r\nBcc: z@y.example"]}, 422, "invalid"),
        (
            {"notebook": "load_test", "recipients": ["a@b.example"], "parameters": {}},
            422,
            "no_report",
        ),
        ({"catch_up": 25}, 422, "invalid"),
    ],
)
async def test_refuses_what_cannot_run(
    client: httpx.AsyncClient, change: dict[str, Any], status: int, code: str
) -> None:
    """Before anything is kept."""
    assert_problem(await client.post(URL, json=ORDER | change), status, code)
    assert (await client.get(URL)).json()["items"] == []


async def test_analysts_look_and_change_nothing(
    client: httpx.AsyncClient, make_client: MakeClient, make_actor: MakeActor, tenant: Tenant
) -> None:
    """What an engineer made, an analyst sees, and a viewer does not."""
    schedule = await made(await make_client(await make_actor(tenant, Role.ENGINEER)))
    address = f"{URL}/{schedule['id']}"
    assert (await client.get(address)).json() == schedule
    assert_problem(await client.post(URL, json=ORDER), 403, "forbidden")
    assert_problem(await client.post(f"{address}/pause"), 403, "forbidden")
    viewer = await make_client(await make_actor(tenant, Role.VIEWER))
    assert_problem(await viewer.get(address), 403, "forbidden")


async def test_each_member_subscribes_for_himself(
    client: httpx.AsyncClient, make_client: MakeClient, make_actor: MakeActor, tenant: Tenant
) -> None:
    """A colleague neither sees nor ends a subscription, and nobody has one twice."""
    order = {"event": "run_failed", "notebook": "tenant_report", "channel": "mail"}
    made = await client.post("/api/v1/subscriptions", json=order)
    assert made.status_code == 201, made.text
    address = made.headers["location"]
    again = await client.post("/api/v1/subscriptions", json=order | {"channel": "app"})
    assert_problem(again, 409, "subscribed_already")
    colleague = await make_client(await make_actor(tenant, Role.OWNER))
    assert (await colleague.get("/api/v1/subscriptions")).json()["items"] == []
    assert_problem(await colleague.delete(address), 404, "not_found")
    assert (await client.get("/api/v1/subscriptions")).json()["items"] == [made.json()]
    assert (await client.delete(address)).status_code == 204
    assert (await client.get("/api/v1/subscriptions")).json()["items"] == []
    assert (await client.get("/api/v1/notifications")).json()["items"] == []
