"""The API as it really serves: another process, a socket, a log."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from workbench.db.embedded import Embedded
from workbench.settings import ROOT, Settings

PROGRAM = """
from workbench.cli import serve
from workbench.settings import Settings

settings = Settings(_env_file=None)
listener = serve.listen(settings)
serve.run(settings, listener, "api", ready=lambda: print(listener.getsockname()[1], flush=True))
"""


@pytest.fixture
def serving(settings: Settings, migrated: Embedded, tmp_path: Path) -> Iterator[str]:
    """The address of an API that serves in a process of its own, and logs to `log`."""
    del migrated
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "WORKBENCH_HOME": str(settings.home),
        "WORKBENCH_PORT": "0",
        "WORKBENCH_RATE_LIMIT": "5/minute",
    }
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], stdout=log, stderr=subprocess.STDOUT, env=environment
        )
    try:
        yield _wait(tmp_path / "log", process)
    finally:
        process.send_signal(signal.SIGTERM)
        ended = process.wait(20)
    assert ended == 0


def _wait(log: Path, process: "subprocess.Popen[bytes]") -> str:
    for _ in range(300):
        first = log.read_text().partition("\n")[0]
        if first.isdigit():
            return f"http://127.0.0.1:{first}"
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError("the server does not start")


def test_no_header_changes_the_address_that_is_counted(serving: str, tmp_path: Path) -> None:
    """Not even a caller on this machine can say that it calls from elsewhere."""
    for number in range(6):
        headers = {"X-Forwarded-For": f"198.51.100.{number}", "X-Request-ID": f"call-000{number}"}
        response = httpx.get(f"{serving}/health/live", headers=headers)
        assert response.status_code == (200 if number < 5 else 429)
        assert "server" not in response.headers
    expected = [f"call-000{number}" for number in range(6)]
    for _ in range(50):  # the last answer may arrive before its line
        if _calls(tmp_path / "log") == expected:
            break
        time.sleep(0.1)
    assert _calls(tmp_path / "log") == expected


def _calls(log: Path) -> list[str]:
    lines = [json.loads(line) for line in log.read_text().splitlines()[1:]]
    return [line["request_id"] for line in lines if line.get("route") == "/health/live"]


def test_a_large_body_is_refused_while_it_is_sent(serving: str) -> None:
    """A chunked body ends in a problem, and the connection does not hang."""

    def chunks() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 65536

    with httpx.Client(timeout=20) as client:
        try:
            headers = {"Content-Type": "application/json"}
            response = client.post(
                f"{serving}/api/v1/auth/login", content=chunks(), headers=headers
            )
        except httpx.WriteError:
            return  # the server closed while we were still sending
    assert response.status_code == 413
    assert response.json()["code"] == "too_large"
