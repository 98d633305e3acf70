"""`workbench lab`: JupyterLab, signed in to one tenant."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.cli.conftest import Shell
from tests.support.jupyter import Kernel, kernel
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
    for path in ("api/contents", "workbench/notebooks", "workbench/order?path=tenant_report.ipynb"):
        assert httpx.get(f"{lab}/{path}").status_code == httpx.codes.FORBIDDEN
    assert httpx.post(f"{lab}/workbench/runs", json={}).status_code == httpx.codes.FORBIDDEN
    silent = httpx.get(f"{lab}/workbench/notebooks", headers=HEADERS)  # for there is no API
    assert (silent.status_code, "does not answer" in silent.text) == (httpx.codes.CONFLICT, True)
    assert httpx.get(f"{lab}/api/contents", headers=HEADERS).status_code == httpx.codes.OK


async def test_a_notebook_reads_as_the_engineer(lab: str) -> None:
    """The extension gives `run`, and a kernel holds no secret, whether it was warm or not."""
    async with _kernel(lab) as one:
        assert (await one.execute(CODE)).splitlines() == ["Laboratory [1]", "[]"]
    await asyncio.sleep(REFILL_SECONDS + 1)
    async with _kernel(lab) as one:
        assert (await one.execute(IS_WARM)).strip() == "True"
        assert (await one.execute(CODE)).splitlines() == ["Laboratory [1]", "[]"]


async def test_an_interrupt_reaches_the_database(lab: str, shell_home: Path) -> None:
    """What one asked in `%%sql` is gone from there within a second, and the kernel goes on."""
    settings = Settings(_env_file=None, home=shell_home)
    with connect.embedded(settings).superuser("workbench") as superuser:
        async with _kernel(lab) as one:
            await one.execute("%load_ext workbench")
            asked = asyncio.create_task(one.execute("%%sql\nselect pg_sleep(60)"))
            while not _is_asked(superuser):
                await asyncio.sleep(0.05)
            await one.interrupt()
            await asyncio.sleep(1)

            assert not _is_asked(superuser)
            assert "The statement was cancelled" in await asked
            assert "7" in await one.execute("%sql x << select 7 as n\nprint(x.n[0])")


def _is_asked(superuser: psycopg.Connection) -> bool:
    query = (
        "select 1 from pg_stat_activity where application_name = 'workbench lab' and query ilike %s"
    )
    return superuser.execute(query, ["%pg_sleep(60)%"]).rowcount > 0


@asynccontextmanager
async def _kernel(lab: str) -> AsyncIterator[Kernel]:
    """A kernel as JupyterLab starts them unless told otherwise."""
    async with (
        httpx.AsyncClient(base_url=lab, headers=HEADERS, timeout=60) as client,
        kernel(client) as started,
    ):
        yield started


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
