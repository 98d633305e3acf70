"""Workbench's own processes over a disposable database, and others beside them."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

import httpx

from workbench.bench.world import World
from workbench.errors import Unavailable

BOUNDLESS = "1000000000/minute"
START_SECONDS, PAUSE_SECONDS, STOP_SECONDS = 60, 0.2, 20


def workbench(*words: str) -> list[str]:
    """A command of the shell, as this process's Python runs it."""
    return [sys.executable, "-m", "workbench", *words]


def environment(world: World) -> dict[str, str]:
    """What tells a process where the database is; limits count, as high as nobody reaches."""
    app = world.database.logins.app.render_as_string(hide_password=False)
    return {
        "WORKBENCH_HOME": str(world.folder / "home"),
        "WORKBENCH_DATABASE_URL": app,
        "WORKBENCH_SECRET_KEY": world.sandbox.secret,
        "WORKBENCH_RATE_LIMIT": BOUNDLESS,
        "WORKBENCH_LOGIN_LIMIT": BOUNDLESS,
    }


@contextmanager
def running(command: list[str], log: IO[str], more: dict[str, str]) -> Iterator[None]:
    """Run a process until the block ends."""
    process = subprocess.Popen(command, env=os.environ | more, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


async def answers(address: str, token: str) -> None:
    """Wait until a server answers."""
    headers = {"Authorization": f"Bearer {token}"}
    end = time.monotonic() + START_SECONDS
    async with httpx.AsyncClient(headers=headers) as asking:
        while time.monotonic() < end:
            with suppress(httpx.TransportError):
                (await asking.get(address, params={"limit": 1})).raise_for_status()
                return
            await asyncio.sleep(PAUSE_SECONDS)
    raise Unavailable("A server of the load test does not answer.")


def free_port() -> int:
    """A port of this machine that nobody uses at the moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
