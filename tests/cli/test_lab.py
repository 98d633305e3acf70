"""`workbench lab`: JupyterLab, signed in to one tenant."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import websockets

from tests.cli.conftest import Shell
from workbench.db import connect
from workbench.settings import Settings
from workbench.worker.warm import REFILL_SECONDS

HEADERS = {"Authorization": "token a-token-of-this-test"}
CODE = """
%load_ext workbench
print(run.tenant, run.frame("select 1 as one").one.tolist())
import os
print([name for name in os.environ if "SECRET" in name])
"""
IS_WARM = "import sys; print('workbench.lab' in sys.modules)"


@pytest.fixture(scope="module")
def lab(shell: Shell) -> Iterator[str]:
    """JupyterLab for the owner of a tenant; its address."""
    shell("tenant", "create", "lab", "--name", "Laboratory")
    shell(
        *("user", "create", "ann@lab.example", "--tenant", "lab", "--role", "owner"),
        WORKBENCH_PASSWORD="correct horse battery",
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", "lab", "--tenant", "lab", "--port", str(port)],
        env=shell.environment
        | {
            "JUPYTER_TOKEN": "a-token-of-this-test",
            "WORKBENCH_SECRET_NOTE": "hidden",
            "WORKBENCH_WARM_KERNELS": "1",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    with pytest.raises(httpx.ConnectError):  # nothing is left behind
        httpx.get(url)


def test_it_lets_nobody_in_without_the_token(lab: str) -> None:
    """The server answers the token's owner, and nobody else."""
    assert httpx.get(f"{lab}/api/contents").status_code == httpx.codes.FORBIDDEN
    assert httpx.get(f"{lab}/api/contents", headers=HEADERS).status_code == httpx.codes.OK


async def test_a_notebook_reads_as_the_engineer(lab: str) -> None:
    """The extension gives `run`, and a kernel holds no secret, whether it was warm or not."""
    async with _kernel(lab) as kernel:
        assert (await kernel.execute(CODE)).splitlines() == ["Laboratory [1]", "[]"]
    await asyncio.sleep(REFILL_SECONDS + 1)
    async with _kernel(lab) as kernel:
        assert (await kernel.execute(IS_WARM)).strip() == "True"
        assert (await kernel.execute(CODE)).splitlines() == ["Laboratory [1]", "[]"]


async def test_an_interrupt_reaches_the_database(lab: str, shell_home: Path) -> None:
    """What one asked in `%%sql` is gone from there within a second, and the kernel goes on."""
    settings = Settings(_env_file=None, home=shell_home)
    with connect.embedded(settings).superuser("workbench") as superuser:
        async with _kernel(lab) as kernel:
            await kernel.execute("%load_ext workbench")
            asked = asyncio.create_task(kernel.execute("%%sql\nselect pg_sleep(60)"))
            while not _is_asked(superuser):
                await asyncio.sleep(0.05)
            await kernel.interrupt()
            await asyncio.sleep(1)

            assert not _is_asked(superuser)
            assert "The statement was cancelled" in await asked
            assert "7" in await kernel.execute("%sql x << select 7 as n\nprint(x.n[0])")


def _is_asked(superuser: psycopg.Connection) -> bool:
    query = (
        "select 1 from pg_stat_activity where application_name = 'workbench lab' and query ilike %s"
    )
    return superuser.execute(query, ["%pg_sleep(60)%"]).rowcount > 0


@dataclass
class Kernel:
    """A kernel of JupyterLab's, asked as its page does."""

    client: httpx.AsyncClient
    id: str
    socket: websockets.ClientConnection

    async def execute(self, code: str) -> str:
        """Execute a cell, and return what it printed or why it failed."""
        request = _request(code)
        await self.socket.send(json.dumps(request))
        said = ""
        while True:
            message = json.loads(await asyncio.wait_for(self.socket.recv(), 60))
            if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                continue
            content = message["content"]
            if message["msg_type"] in {"stream", "error"}:
                said += content.get("text") or str(content)
            if content.get("execution_state") == "idle":  # all that it said came before
                return said

    async def interrupt(self) -> None:
        """Interrupt what it executes, as the button does."""
        (await self.client.post(f"/api/kernels/{self.id}/interrupt")).raise_for_status()


@asynccontextmanager
async def _kernel(lab: str) -> AsyncIterator[Kernel]:
    """A kernel as JupyterLab starts them unless told otherwise."""
    async with httpx.AsyncClient(base_url=lab, headers=HEADERS, timeout=60) as client:
        started = (await client.post("/api/kernels", json={})).json()
        assert started["name"] == "workbench"
        channels = f"{lab.replace('http', 'ws')}/api/kernels/{started['id']}/channels"
        async with websockets.connect(channels, additional_headers=HEADERS) as socket_:
            yield Kernel(client, started["id"], socket_)
        await client.delete(f"/api/kernels/{started['id']}")


def _request(code: str) -> dict[str, Any]:
    header = {
        "msg_id": uuid4().hex,
        "username": "",
        "session": uuid4().hex,
        "msg_type": "execute_request",
        "version": "5.3",
    }
    content = {"code": code, "silent": False}
    return {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
    }


def _wait(url: str, seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        try:
            httpx.get(f"{url}/api/status")
        except httpx.TransportError:
            time.sleep(0.3)
        else:
            return
    message = f"JupyterLab does not answer at {url}"
    raise TimeoutError(message)
