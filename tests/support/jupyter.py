"""A JupyterLab over real HTTP: its kernels, asked as its page does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import websockets

PROOFS = ("authorization", "cookie")


@dataclass
class Kernel:
    """A kernel of JupyterLab's, asked as its page does."""

    client: httpx.AsyncClient
    address: str
    socket: websockets.ClientConnection

    async def execute(self, code: str) -> str:
        """Execute a cell, and return what it printed and showed, or why it failed."""
        request = _request(code)
        await self.socket.send(json.dumps(request))
        said = ""
        while True:
            message = json.loads(await asyncio.wait_for(self.socket.recv(), 60))
            if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                continue
            content = message["content"]
            if message["msg_type"] in {"stream", "error"}:
                said += str(content.get("text") or content)
            said += str(content.get("data", {}).get("text/plain", ""))
            if content.get("execution_state") == "idle":  # all that it said came before
                return said

    async def interrupt(self) -> None:
        """Interrupt what it executes, as the button does."""
        (await self.client.post(f"{self.address}/interrupt")).raise_for_status()


@asynccontextmanager
async def kernel(
    client: httpx.AsyncClient, base: str = "", notebook: str = "", name: str | None = None
) -> AsyncIterator[Kernel]:
    """The kernel of a notebook, or one of nothing, as the page at `base` starts it."""
    given = {} if name is None else {"name": name}
    if notebook:
        order = {"path": notebook, "name": notebook, "type": "notebook", "kernel": given}
        answer = await client.post(f"{base}/api/sessions", json=order)
        started = answer.raise_for_status().json()["kernel"]
    else:
        answer = await client.post(f"{base}/api/kernels", json=given)
        started = answer.raise_for_status().json()
    assert started["name"] == "workbench"
    address = f"{base}/api/kernels/{started['id']}"
    asked = client.build_request("GET", f"{address}/channels")
    headers = {one: asked.headers[one] for one in PROOFS if one in asked.headers}
    url = str(asked.url).replace("http", "ws", 1)
    async with websockets.connect(url, additional_headers=headers, max_size=None) as socket:
        yield Kernel(client, address, socket)
    await client.delete(address)


async def answers(url: str, seconds: float = 90) -> None:
    """Wait until somebody answers at an address."""
    async with asyncio.timeout(seconds), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(url)).status_code < httpx.codes.BAD_REQUEST:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)


def _request(code: str) -> dict[str, Any]:
    header = {
        "msg_id": uuid4().hex,
        "username": "",
        "session": uuid4().hex,
        "msg_type": "execute_request",
        "version": "5.3",
    }
    content = {"code": code, "silent": False, "stop_on_error": True}
    return {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
    }
