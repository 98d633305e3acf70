"""Behind PgBouncer in transaction mode, where one server connection serves everybody (R15)."""

import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, text

from tests.isolation.world import APP, World, attempt, connect, tell
from workbench.db.session import Database, Logins

BOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
PORT = 6432
START_SECONDS = 10
ROWS = text("select * from data.secrets")
PID = text("select pg_backend_pid()")

CONFIG = """\
[databases]
isolation = host={server} port=5432 dbname=isolation

[pgbouncer]
unix_socket_dir = {folder}
listen_addr =
listen_port = {port}
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 1
ignore_startup_parameters = extra_float_digits
pidfile = {folder}/pid
{user}
"""


@pytest.fixture
def bouncer(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """The application's address behind a PgBouncer with one server connection."""
    if BOUNCER is None:
        reason = "PgBouncer is not installed here (Debian: apt-get install pgbouncer)"
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    folder = _open_to_all(tmp_path_factory.mktemp("bouncer"))
    app = world.database.logins.app
    (folder / "users").write_text(f'"{app.username}" "{app.password}"\n')
    user = "user = nobody" if os.geteuid() == 0 else ""
    config = CONFIG.format(server=world.server.socket, folder=folder, port=PORT, user=user)
    (folder / "ini").write_text(config)
    with subprocess.Popen([BOUNCER, "-q", folder / "ini"], stderr=subprocess.PIPE) as process:
        _await_socket(folder / f".s.PGSQL.{PORT}", process)
        yield app.set(query={"host": str(folder), "port": str(PORT)})
        process.terminate()


def _open_to_all(folder: Path) -> Path:
    """Make a folder that the bouncer's own system user can use, too."""
    folder.chmod(0o777)
    for parent in folder.parents:
        if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    return folder


def _await_socket(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not path.exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline, "PgBouncer does not start"
        time.sleep(0.05)


@pytest.fixture
async def behind(world: World, bouncer: URL) -> AsyncIterator[Database]:
    """The database through the bouncer, without statements prepared by the driver."""
    logins = Logins(bouncer, bouncer, bouncer)
    options = {"connect_args": {"prepare_threshold": None}}
    database = Database(logins, world.database.key.secret, **options)
    yield database
    await database.close()


async def test_actors_take_turns_on_one_connection(world: World, behind: Database) -> None:
    """Two clients, one server connection: each transaction sees its own actor's rows."""
    pids = set()
    for mine, other in [(world.a, world.b), (world.b, world.a)] * 10:
        async with behind.session(mine.member) as session:
            pids.add(await session.scalar(PID))
            seen = str((await session.execute(ROWS)).all())
            assert mine.mark in seen
            assert other.mark not in seen
    assert len(pids) == 1


def test_a_token_does_not_outlive_its_transaction(world: World, bouncer: URL) -> None:
    """The next client on the server connection is nobody, until it says who it is."""
    told = "select set_config('workbench.actor_token', %s, true)"
    with connect(bouncer) as first, connect(bouncer) as second:
        with first.transaction():
            first.execute(told, [world.token(APP, world.a)])
            assert world.a in attempt(first, "select * from data.secrets")
        assert attempt(second, "select * from data.secrets").rows == []
        with second.transaction():
            second.execute(told, [world.token(APP, world.b)])
            seen = attempt(second, "select * from data.secrets")
            assert world.b in seen
            assert world.a not in seen


def test_a_token_for_the_whole_session_is_why_readers_stay_outside(
    world: World, bouncer: URL
) -> None:
    """A setting beyond the transaction would reach the next client: nothing of ours makes one."""
    with connect(bouncer) as first, connect(bouncer) as second:
        tell(first, world.token(APP, world.a))
        assert world.a in attempt(second, "select * from data.secrets")
        tell(second, "")
        assert attempt(first, "select * from data.secrets").rows == []
