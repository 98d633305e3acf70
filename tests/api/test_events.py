"""Events over real sockets of two servers (W1 to W7)."""

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import websockets
from fastapi import FastAPI

from tests.api.conftest import bearer
from tests.conftest import MakeActor
from tests.support import people
from tests.support.serving import serving
from workbench.actor import Actor
from workbench.api import app as api
from workbench.cli import serve
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import TooMany
from workbench.events.ears import MOST_EARS, MOST_HEARD, Ear, Ears
from workbench.identity.tokens import Tokens
from workbench.outbox import commands as outbox
from workbench.permissions import Permission, Role
from workbench.runs import attempts, logs
from workbench.runs.attempts import Attempt, Standing
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant
from workbench.worker.relay import relay

PATH = "/api/v1/events"
Socket = websockets.ClientConnection


@pytest.fixture
async def sites(
    app: FastAPI, settings: Settings, database: Database, storage: Storage
) -> AsyncIterator[tuple[str, str]]:
    """Two servers before one database."""
    async with AsyncExitStack() as stack:
        other = api.create(settings, database, storage)
        yield (
            await stack.enter_async_context(serving(app)),
            await stack.enter_async_context(serving(other)),
        )


@asynccontextmanager
async def listening(site: str, token: str, **opening: Any) -> AsyncIterator[Socket]:
    """A socket that has said where it begins."""
    headers = {"Authorization": f"Bearer {token}"}
    address = site.replace("http", "ws") + PATH
    async with websockets.connect(address, additional_headers=headers) as socket:
        await socket.send(json.dumps(opening, default=str))
        yield socket


async def heard(socket: Socket, seconds: float = 0.6) -> list[dict[str, Any]]:
    """What a socket is told until it has been silent for a while."""
    found = []
    while True:
        try:
            found.append(json.loads(await asyncio.wait_for(socket.recv(), seconds)))
        except TimeoutError:
            return found


async def pinged(socket: Socket) -> None:
    """Knock at a socket of which nothing is read, until it is closed or too much time is over."""
    async with asyncio.timeout(20):
        while True:
            await socket.ping()
            await asyncio.sleep(0.2)


async def until(socket: Socket, topic: str, **data: Any) -> dict[str, Any]:
    """The next event of a topic whose data hold some values."""
    async with asyncio.timeout(10):
        while True:
            event: dict[str, Any] = json.loads(await socket.recv())
            if event["topic"] == topic and data.items() <= event["data"].items():
                return event


async def relayed(database: Database) -> None:
    """Do what the worker's relay does."""
    while await relay(database):
        pass


def api_of(site: str, token: str) -> httpx.AsyncClient:
    """A client of one server."""
    return httpx.AsyncClient(base_url=site, headers={"Authorization": f"Bearer {token}"})


async def order(site: str, token: str) -> str:
    """Order a run and answer its id."""
    async with api_of(site, token) as client:
        answer = await client.post("/api/v1/runs", json={"notebook": "tenant_report"})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])


async def test_it_is_refused_before_it_is_accepted(
    sites: tuple[str, str], tokens: Tokens, actor: Actor
) -> None:
    """Without a token, with one in the address, or from a foreign page: 403 (W1, W2)."""
    site, token = sites[0], bearer(tokens, actor)
    address, cookie = site.replace("http", "ws") + PATH, f"workbench_access={token}"
    authorization = f"Bearer {token}"
    refused: list[tuple[str, dict[str, str]]] = [
        (address, {}),
        (address, {"Origin": site}),
        (f"{address}?token={token}&access_token={token}", {}),
        (address, {"Authorization": "Bearer x"}),
        (address, {"Authorization": authorization, "Origin": "https://evil.example"}),
        (address, {"Cookie": cookie, "Origin": "https://evil.example"}),
        (address, {"Cookie": cookie, "Origin": "null"}),
        (address, {"Cookie": cookie}),
    ]
    for url, headers in refused:
        with pytest.raises(websockets.InvalidStatus, match="403"):
            async with websockets.connect(url, additional_headers=headers):
                pass
    allowed = [{"Cookie": cookie, "Origin": site}, {"Authorization": authorization}]
    for headers in allowed:
        async with websockets.connect(address, additional_headers=headers) as socket:
            await socket.send("{}")
            assert json.loads(await socket.recv())["topic"] == "ready"
            await socket.send("{}")
            with pytest.raises(websockets.ConnectionClosed):
                await heard(socket, 5)
            assert socket.close_code == 1008
    async with websockets.connect(address, additional_headers=allowed[1]) as socket:
        await socket.send('{"topic": "b"}')
        with pytest.raises(websockets.ConnectionClosed, match="where to begin"):
            await socket.recv()


async def change_rows(client: httpx.AsyncClient, name: str, told: Socket) -> None:
    """Insert, delete and restore a row; each is told as a version."""
    url = f"/api/v1/datasets/{name}/rows"
    added = await client.post(url, json={"rows": [{"code": "a", "amount": 1}]})
    assert added.status_code == 201, added.text
    await until(told, "dataset.changed", name=name, version=1)
    row = f"{url}/{added.json()['row_ids'][0]}"
    assert (await client.delete(row)).is_success
    await until(told, "dataset.changed", name=name, version=2)
    assert (await client.post(f"{row}/restore")).is_success
    event = await until(told, "dataset.changed", name=name, version=3)
    assert event["id"] is None


@pytest.mark.acts_as("owner")
async def test_events_reach_their_own_tenant_on_every_server(
    sites: tuple[str, str],
    database: Database,
    tokens: Tokens,
    actor: Actor,
    other_tenant: Tenant,
    make_actor: MakeActor,
    shared: str,
) -> None:
    """Runs, what they print, rows and members of B: A hears none of it, B all (W3, W4, W7)."""
    stranger = await make_actor(other_tenant, Role.OWNER)
    theirs = bearer(tokens, stranger)
    run_id = await order(sites[0], theirs)
    await relayed(database)
    logs = {"logs": {run_id: 0}}
    async with (
        listening(sites[0], bearer(tokens, actor), **logs) as ours,
        listening(sites[0], theirs, **logs) as told,
    ):
        await heard(ours)
        await until(told, "run.progressed", id=run_id, status="queued")
        worker = Actor.of_system(
            "runs", Permission.RUN_READ, Permission.RUN_START, tenant_id=other_tenant.id
        )
        async with database.session(worker) as session:
            run = await attempts.begin(session, worker, UUID(run_id), datetime.now(UTC))
        attempt = Attempt(run.id, run.attempt)
        await until(told, "run.progressed", id=run_id, status="running")
        async with database.session(worker) as session:
            standing = Standing(0.5, 4, 2, "Loading")
            await attempts.tell(session, worker, attempt, standing, "one line\n")
        await until(told, "run.progressed", cells=4, cells_done=2, cell_title="Loading")
        await until(told, "run.printed", run_id=run_id, text="one line\n", position=9)
        async with api_of(sites[1], theirs) as client:
            await change_rows(client, shared, told)
            assert (await client.post(f"/api/v1/runs/{run_id}/cancel")).is_success
        await people.make_actor(database, other_tenant.id, Role.VIEWER)
        await relayed(database)
        await until(told, "run.finished", id=run_id, status="cancelled")
        await until(told, "member.changed", role="viewer")
        assert await heard(ours) == []
        async with database.session(stranger) as session:  # what anybody may say is no news of A's
            await outbox.stir(session, UUID(run_id))
            await outbox.notify(session, new_id())
        assert await heard(ours) == []
        own = await order(sites[1], bearer(tokens, actor))
        await until(ours, "run.progressed", id=own)


async def test_it_resumes_where_it_stopped(
    sites: tuple[str, str], database: Database, tokens: Tokens, actor: Actor
) -> None:
    """Nothing is lost or told twice, though a message that was made first commits last (W6)."""
    token = bearer(tokens, actor)
    async with listening(sites[0], token) as socket:
        assert (await until(socket, "ready"))["id"] is None
    await relayed(database)
    async with listening(sites[0], token) as socket:
        assert (await until(socket, "ready"))["id"] is not None
        async with database.session(actor) as slow:
            run_id = UUID(await order(sites[0], token))
            outbox.put(slow, actor, "run.moved", run_id=run_id)
            await slow.flush()
            await order(sites[1], token)
            await relayed(database)
            first = [event for event in await heard(socket) if event["id"]]
    assert [event["topic"] for event in first] == ["run.moved"] * 2
    await order(sites[0], token)
    await relayed(database)
    async with listening(sites[1], token, last_id=first[0]["id"]) as socket:
        assert (await until(socket, "ready"))["id"] == first[0]["id"]
        rest = [event["id"] for event in await heard(socket) if event["id"]]
        # The rest of the three that were there, the message that waited, and one more.
        assert len(rest) == len(set(rest)) == 3
        assert rest[0] == first[1]["id"]
        await order(sites[0], token)
        await relayed(database)
        more = [event["id"] for event in await heard(socket) if event["id"]]
        assert len(more) == 1
    async with listening(sites[1], token, last_id=more[0]) as socket:
        assert [event for event in await heard(socket) if event["id"]][1:] == []
    async with listening(sites[1], token, last_id=new_id()) as socket:
        assert (await until(socket, "missed"))["id"] == more[0]


async def test_it_ends_with_the_access(
    sites: tuple[str, str],
    settings: Settings,
    database: Database,
    storage: Storage,
    tokens: Tokens,
    tenant: Tenant,
    make_actor: MakeActor,
) -> None:
    """A member who leaves, and a token that expires, end the socket; another's lives on (W5)."""
    user = await people.make_user(database)
    membership = await people.join(database, tenant.id, user.id, Role.ANALYST)
    leaver, stayer = (
        await people.admit(database, user.id, tenant.id),
        await make_actor(tenant, Role.OWNER),
    )
    late = api.create(
        settings, database, storage, clock=lambda: datetime.now(UTC) + timedelta(seconds=shift)
    )
    shift = 0
    async with (
        serving(late) as site,
        listening(sites[0], bearer(tokens, leaver)) as left,
        listening(sites[0], bearer(tokens, stayer)) as stays,
        listening(site, bearer(tokens, stayer)) as expires,
    ):
        for socket in (left, stays, expires):
            await until(socket, "ready")
        await people.leave(database, tenant.id, membership)
        shift = 16 * 60
        for socket in (left, expires):
            with pytest.raises(websockets.ConnectionClosed):
                await heard(socket, 10)
            assert socket.close_code == 4401
        await relayed(database)
        await until(stays, "member.changed", id=str(membership), role=None)


async def test_who_does_not_read_is_let_go_and_may_resume(
    settings: Settings,
    database: Database,
    storage: Storage,
    tokens: Tokens,
    tenant: Tenant,
    actor: Actor,
) -> None:
    """A full connection ends, though nobody hangs up; who reads is told all, also later (W6)."""
    app = api.create(settings, database, storage)
    app.state.parts = replace(app.state.parts, send_seconds=0.2)
    listener = serve.listen(Settings(_env_file=None, port=0))
    assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) > 0
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    listener.listen()
    worker = Actor.of_system("runs", Permission.RUN_READ, Permission.RUN_START, tenant_id=tenant.id)
    async with serving(app, listener) as site:
        token = bearer(tokens, actor)
        runs = {await order(site, token): 0 for _ in range(12)}
        for run_id in runs:
            async with database.session(worker) as session:
                run = await attempts.begin(session, worker, UUID(run_id), datetime.now(UTC))
                attempt = Attempt(run.id, run.attempt)
                await attempts.tell(
                    session, worker, attempt, Standing(), secrets.token_hex(logs.MOST // 2)
                )
        port = int(site.rpartition(":")[2])
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.connect(("127.0.0.1", port))
        deaf = await websockets.connect(
            site.replace("http", "ws") + PATH,
            additional_headers={"Authorization": f"Bearer {token}"},
            sock=narrow,
            max_queue=1,
            ping_interval=None,
            close_timeout=1,
        )
        await deaf.send(json.dumps({"logs": runs}))
        async with listening(site, token, logs=runs) as reads:
            printed = [await until(reads, "run.printed") for _ in runs]
            assert {event["data"]["run_id"] for event in printed} == runs.keys()
            with pytest.raises(websockets.ConnectionClosed):
                await pinged(deaf)
            own = await order(site, token)
            await until(reads, "run.progressed", id=own)
        async with listening(site, token, logs=runs) as again:
            assert len([await until(again, "run.printed") for _ in runs]) == len(runs)
    listener.close()


async def test_a_slow_reader_costs_no_memory(database: Database, actor: Actor) -> None:
    """What was heard is kept once, up to a number; one log-in has so many ears (W6)."""
    ear = Ear()
    await ear.wait(0, 0)
    thing = new_id()
    for _ in range(10):
        ear.hear(outbox.RUNS, thing)
    few = await ear.wait(0, 0)
    assert (few.runs, few.is_everything) == ({thing}, False)
    for _ in range(MOST_HEARD * 3):
        ear.hear(outbox.RUNS, new_id())
    many = await ear.wait(0, 0)
    assert many.is_everything or len(many.runs) <= MOST_HEARD
    assert len(many.runs) <= MOST_HEARD
    ears = Ears(database)
    with ExitStack() as stack:
        for _ in range(MOST_EARS):
            stack.enter_context(ears.opened(actor))
        with pytest.raises(TooMany):
            stack.enter_context(ears.opened(actor))
    await ears.close()
