"""How long an event takes to everybody who listens: so many sockets of one tenant at once.

A server in a process of its own, sockets of several members in this one, and what the worker's
relay does. A run is ordered again and again; of each order every socket is told twice, how the run
stands (`run.progressed`, at once) and that it moved (`run.moved`, once the message has left). Each
time counts from before the order, whose commit is part of it. `--sockets 40` takes fewer.
"""

import argparse
import asyncio
import json
import logging
import socket
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psutil
import structlog
import websockets

from tests.support import people
from workbench.actor import Actor
from workbench.db import connect
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.notebooks import Notebook, Shelf
from workbench.permissions import Role
from workbench.runs import commands
from workbench.settings import ROOT, Settings
from workbench.worker.relay import relay

SOCKETS = 200
MEMBERS = 20
ROUNDS = 20
PAUSE_SECONDS = 0.7
BUDGET_MS = 300
TOPICS = ("run.progressed", "run.moved")
CODE = (
    "from workbench.cli import serve; from workbench.settings import Settings; "
    "settings = Settings(_env_file=None, home={home!r}, port={port}, "
    "rate_limit='1000000/minute'); "
    "serve.run(settings, serve.listen(settings), only='api')"
)
Heard = dict[str, dict[UUID, list[float]]]


def main() -> int:
    """Measure, print a line for each kind of event, and answer 1 when one is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=SOCKETS)
    sockets = parser.parse_args().sockets
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        settings = Settings(_env_file=None, home=Path(folder) / "home", port=port)
        with connect.server(settings):
            connect.migrate(settings)
            free.close()
            return int(asyncio.run(_measured(settings, sockets)))


async def _measured(settings: Settings, sockets: int) -> bool:
    database = connect.database(settings)
    tenant = await people.make_tenant(database)
    members = [await people.make_actor(database, tenant.id, Role.ANALYST) for _ in range(MEMBERS)]
    heard: Heard = {topic: defaultdict(list) for topic in TOPICS}
    async with _serving(settings) as server, AsyncExitStack() as stack:
        for at in range(sockets):
            listening = _listening(settings, members[at % MEMBERS], heard)
            await stack.enter_async_context(listening)
        before = server.cpu_times()
        orders = await _ordered(database, members[0])
        after = server.cpu_times()
        used = (after.user + after.system - before.user - before.system) / len(orders)
    await database.close()
    sys.stdout.write(f"the server's processor, idle looks too: {used * 1e3:.0f} ms an order\n")
    slow = [_told(topic, heard[topic], orders, sockets) for topic in TOPICS]
    return any(slow)


def _told(topic: str, heard: dict[UUID, list[float]], orders: dict[UUID, float], most: int) -> bool:
    """Print how long one kind of event took, and answer whether it is too slow or was lost."""
    late = sorted(at - begin for run_id, begin in orders.items() for at in heard[run_id])
    lost = most * len(orders) - len(late)
    p95 = late[int(len(late) * 0.95)] * 1e3
    sys.stdout.write(
        f"{topic:<15} {most} sockets: median {statistics.median(late) * 1e3:>4.0f} ms, "
        f"p95 {p95:>4.0f} ms, most {late[-1] * 1e3:>4.0f} ms, budget {BUDGET_MS} ms; "
        f"not told: {lost}\n"
    )
    return lost > 0 or p95 > BUDGET_MS


async def _ordered(database: Database, actor: Actor) -> dict[UUID, float]:
    """Order runs one after the other; when each order began."""
    notebook: Notebook = Shelf(ROOT / "notebooks").named("tenant_report")
    begun = {}
    for _ in range(ROUNDS):
        await asyncio.sleep(PAUSE_SECONDS)
        begin = time.perf_counter()
        async with database.session(actor) as session:
            run = await commands.start(session, actor, notebook, {})
        begun[run.id] = begin
        while await relay(database):
            pass
    await asyncio.sleep(2)
    return begun


@asynccontextmanager
async def _listening(settings: Settings, actor: Actor, heard: Heard) -> AsyncIterator[None]:
    """A socket of a member; what it is told first of each run is noted."""
    assert actor.user_id is not None
    assert actor.sid is not None
    tokens = Tokens(settings.secret_keys)
    token = tokens.access(actor.sid, actor.user_id, actor.tenant_id, datetime.now(UTC))
    address = f"ws://127.0.0.1:{settings.port}/api/v1/events"
    headers = {"Authorization": f"Bearer {token}"}
    async with websockets.connect(address, additional_headers=headers) as listener:
        await listener.send("{}")
        await listener.recv()  # it is ready
        noting = asyncio.create_task(_note(listener, heard))
        yield
        noting.cancel()
        with suppress(asyncio.CancelledError):
            await noting


async def _note(listener: websockets.ClientConnection, heard: Heard) -> None:
    known: set[tuple[str, str]] = set()
    async for said in listener:
        at = time.perf_counter()
        event = json.loads(said)
        thing = event["topic"], event["data"].get("id")
        if event["topic"] in heard and thing not in known:
            known.add(thing)
            heard[event["topic"]][UUID(event["data"]["id"])].append(at)


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[psutil.Process]:
    code = CODE.format(home=str(settings.home), port=settings.port)
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", settings.port)
                writer.close()
                break
            await asyncio.sleep(0.2)
        yield psutil.Process(server.pid)
    finally:
        server.terminate()
        await server.wait()


if __name__ == "__main__":
    sys.exit(main())
