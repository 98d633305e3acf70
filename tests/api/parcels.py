"""Files as tests of the API send them, also over connections that are cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

URL = "/api/v1/files"
CONTENT = b"dest,delay\nLAX,5\n" * 1000


async def send(
    client: httpx.AsyncClient,
    content: bytes = CONTENT,
    name: str = "flights.csv",
    headers: dict[str, str] | None = None,
    **more: str,
) -> httpx.Response:
    """Upload a file."""
    files = {"file": (name, content, "image/png")}
    return await client.post(URL, files=files, data=more, headers=headers)


async def room(client: httpx.AsyncClient) -> int:
    """How many bytes are taken."""
    used: int = (await client.get(f"{URL}/quota")).json()["used"]
    return used


@asynccontextmanager
async def cut_off(address: str, sent: bytes) -> AsyncIterator[None]:
    """A connection on which something was sent; it is cut when the block ends."""
    host, port = address.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        await writer.drain()
        yield
    finally:
        writer.transport.abort()
