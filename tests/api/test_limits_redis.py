"""Rate limits that many processes share, with a real Redis."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.api.conftest import assert_problem, bearer, open_client
from workbench.actor import Actor
from workbench.api import app as api
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.settings import Settings
from workbench.storage import Storage

SERVER = shutil.which("redis-server")
ME = "/api/v1/auth/me"


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis of this test alone, on a socket; without one the test is skipped, and fails in CI."""
    if SERVER is None:
        report = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        report("Redis is not installed here (Debian: apt-get install redis-server)")
    path = tmp_path / "redis.sock"
    process = subprocess.Popen(
        [
            str(SERVER),
            "--port",
            "0",
            "--unixsocket",
            str(path),
            "--save",
            "",
            "--dir",
            str(tmp_path),
        ],
        stdout=subprocess.DEVNULL,
    )
    url = f"unix://{path}"
    _wait(url)
    yield f"redis+{url}"
    process.terminate()
    process.wait(10)


async def test_two_processes_keep_one_limit(
    redis_url: str,
    settings: Settings,
    database: Database,
    storage: Storage,
    tokens: Tokens,
    actor: Actor,
) -> None:
    """Half of the requests go to either process, and the sixth is refused all the same."""
    few = settings.model_copy(update={"rate_limit": "5/minute", "rate_limit_url": redis_url})
    apps = [api.create(few, database, storage) for _ in range(2)]
    headers = {"Authorization": f"Bearer {bearer(tokens, actor)}"}
    answers = []
    for number in range(6):
        async with open_client(apps[number % 2], headers) as client:
            answers.append(await client.get(ME))
    for closing in apps:
        await closing.state.parts.limiter.close()

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert_problem(answers[-1], 429, "too_many")


def _wait(url: str, seconds: float = 10) -> None:
    limit = time.monotonic() + seconds
    while True:
        try:
            with redis.Redis.from_url(url) as client:
                client.ping()
        except redis.ConnectionError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.05)
        else:
            return
