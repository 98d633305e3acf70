"""Workbench as `workbench up` starts it, with the demo, in a process and a home of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 420  # no time that is promised: what has not started by then hangs
STOP_SECONDS = 40


@dataclass(frozen=True, slots=True)
class Site:
    """Where the site is, and who can sign in."""

    url: str
    home: Path

    def password(self, email: str) -> str:
        """The password of a person of the demo."""
        everybody = json.loads((self.home / "demo.json").read_text())
        return next(str(person["password"]) for person in everybody if person["email"] == email)

    def sign_in(self, email: str) -> httpx.Client:
        """A client of the API that is signed in."""
        api = f"{self.url}/api/v1"
        answer = httpx.post(
            f"{api}/auth/login", json={"email": email, "password": self.password(email)}
        ).raise_for_status()
        token = answer.json()["access_token"]
        return httpx.Client(base_url=api, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def ended(client: httpx.Client, run_id: str, seconds: float = 120) -> dict[str, Any]:
    """A run once it has ended."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        run: dict[str, Any] = client.get(f"/runs/{run_id}").raise_for_status().json()
        if run["status"] not in {"queued", "running"}:
            return run
        time.sleep(0.3)
    message = f"the run {run_id} has not ended within {seconds} s"
    raise TimeoutError(message)


@contextmanager
def up(home: Path, *arguments: str) -> Iterator[Site]:
    """Run `workbench up` until the block ends, then stop it as Ctrl-C does."""
    port = free_port()
    log = home.with_suffix(".log")
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "workbench", "up", "--port", str(port), *arguments],
            env=os.environ | {"WORKBENCH_HOME": str(home)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            site = Site(f"http://127.0.0.1:{port}", home)
            _wait(site, process, log)
            yield site
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            finally:
                process.kill()  # nothing happens to one that has ended
                process.wait()


def _wait(site: Site, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and process.poll() is None:
        try:
            if httpx.get(f"{site.url}/health/ready").json().get("workers"):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    message = f"Workbench does not start:\n{log.read_text()}"
    raise RuntimeError(message)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
