"""`workbench lab`: JupyterLab, signed in to one tenant."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import websockets

from tests.cli.conftest import Shell

HEADERS = {"Authorization": "token a-token-of-this-test"}
CODE = """
%load_ext workbench
print(run.tenant, run.frame("select 1 as one").one.tolist())
import os
print([name for name in os.environ if "SECRET" in name])
"""


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
        | {"JUPYTER_TOKEN": "a-token-of-this-test", "WORKBENCH_SECRET_NOTE": "hidden"},
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
    """The extension gives `run`, and the kernel holds no secret of the installation."""
    said = await _execute(lab, CODE)

    assert said.splitlines() == ["Laboratory [1]", "[]"]


async def _execute(lab: str, code: str) -> str:
    async with httpx.AsyncClient(base_url=lab, headers=HEADERS, timeout=60) as client:
        kernel = (await client.post("/api/kernels", json={})).json()["id"]
        channels = f"{lab.replace('http', 'ws')}/api/kernels/{kernel}/channels"
        async with websockets.connect(channels, additional_headers=HEADERS) as socket_:
            await socket_.send(json.dumps(_request(code)))
            said = ""
            while True:
                message = json.loads(await asyncio.wait_for(socket_.recv(), 60))
                if message["msg_type"] in {"stream", "error"}:
                    said += message["content"].get("text") or str(message["content"])
                if message["msg_type"] == "execute_reply":
                    break
        await client.delete(f"/api/kernels/{kernel}")
    return said


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
