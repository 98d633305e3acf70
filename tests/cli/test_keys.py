"""`workbench keys …`: a key is rotated and retired while people stay signed in."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.api.conftest import open_client
from tests.cli.conftest import Shell
from tests.support import people
from workbench import secrecy
from workbench.access import api_tokens
from workbench.api import app as api
from workbench.db import connect, roles, rotation
from workbench.db.isolation import ActorKey
from workbench.db.session import Database
from workbench.errors import Invalid, NotFound, Unavailable
from workbench.permissions import Permission, Role
from workbench.settings import Settings
from workbench.storage import Storage

ME = "/api/v1/auth/me"
LOGIN = "/api/v1/auth/login"
REFRESH = "/api/v1/auth/refresh"
PASSWORD = "correct horse battery"
CHECK = text("select workbench.actor_tenant()")
TELL = text("select set_config('workbench.actor_token', :token, true)")
Home = Callable[[], Settings]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose database is kept running."""
    home = tmp_path_factory.mktemp("keys") / "home"
    with connect.server(Settings(_env_file=None, home=home)):
        yield home


@pytest.fixture
def home(running: Path) -> Home:
    """A home with one new key; each call reads its settings anew, as a start does."""

    def read() -> Settings:
        return Settings(_env_file=None, home=running, log="console")

    read().key_file.replace([secrecy.new_key()])
    read().password_file.replace([secrecy.new_key()])
    connect.migrate(read())
    return read


@dataclass(frozen=True, slots=True)
class Process:
    """A serving process: it holds the keys that were there when it started."""

    database: Database
    client: httpx.AsyncClient

    async def me(self, token: str) -> int:
        """The status with which a bearer token is answered."""
        answer = await self.client.get(ME, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code

    async def refresh(self, token: str) -> httpx.Response:
        """Trade a refresh token."""
        return await self.client.post(REFRESH, json={"refresh_token": token})

    async def accepts(self, actor_token: str) -> bool:
        """Whether PostgreSQL accepts an actor token, such as a running notebook's."""
        try:
            async with self.database.app.begin() as connection:
                await connection.execute(TELL, {"token": actor_token})
                return await connection.scalar(CHECK) is not None
        except ProgrammingError as error:
            assert "actor token" in str(error)  # noqa: PT017 (and nothing else went wrong)
            return False


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[Process]:
    """Start a process, as `workbench serve` does."""
    connect.check(settings)
    database = connect.database(settings)
    app = api.create(settings, database, Storage(settings.storage))
    try:
        async with open_client(app) as client:
            yield Process(database, client)
    finally:
        await database.close()


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody holds who signed in."""

    access: str
    refresh: str
    actor_token: str
    api_token: str


async def signed_in(process: Process) -> Held:
    """Somebody new, who signs in and makes an API token."""
    user = await people.make_user(process.database, password=PASSWORD)
    tenant = await people.make_tenant(process.database)
    await people.join(process.database, tenant.id, user.id, Role.ENGINEER)
    tokens = (
        await process.client.post(LOGIN, json={"email": user.email, "password": PASSWORD})
    ).json()
    actor = await people.admit(process.database, user.id, tenant.id)
    now = datetime.now(UTC)
    async with process.database.session(actor) as session:
        _, token = await api_tokens.create(
            session, actor, name="x", scope={Permission.TENANT_READ},
            expires_at=now + timedelta(days=1), now=now,
        )  # fmt: skip
    actor_token = process.database.key.mint(actor)
    return Held(tokens["access_token"], tokens["refresh_token"], actor_token, token)


async def test_nobody_is_signed_out_by_a_rotation(home: Home) -> None:
    """Old and new tokens serve in processes from before and after, until the old key goes."""
    old = ActorKey(home().secret_keys[0]).kid
    async with started(home()) as before:
        first = await signed_in(before)
        rotation.rotate(home())
        async with started(home()) as after:
            second = await signed_in(after)
            assert home().secret_keys[1:] == (before.database.key.secret,)
            for process in (before, after):
                for held in (first, second):
                    assert await process.me(held.access) == 200
                    assert await process.me(held.api_token) == 200
                    assert await process.accepts(held.actor_token)
            assert (await before.refresh(second.refresh)).status_code == 200
            renewed = (await after.refresh(first.refresh)).json()
        with pytest.raises(rotation.KeySigns):
            rotation.retire(home(), ActorKey(home().secret_keys[0]).kid)
        rotation.retire(home(), old)
        assert not await before.accepts(first.actor_token)
    async with started(home()) as last:
        assert await last.me(first.access) == 401
        assert (await last.refresh(first.refresh)).status_code == 401
        assert not await last.accepts(first.actor_token)
        assert await last.me(first.api_token) == 200
        assert await last.me(renewed["access_token"]) == 200
        assert (await last.refresh(renewed["refresh_token"])).status_code == 200
        assert await last.accepts(second.actor_token)
        assert await last.me((await signed_in(last)).access) == 200


def test_retiring_leaves_the_passwords(home: Home) -> None:
    """The roles' passwords come from a key of their own, so running processes keep theirs."""
    old, url = ActorKey(home().secret_keys[0]).kid, connect.logins(home()).app
    rotation.rotate(home())
    rotation.retire(home(), old)
    assert connect.logins(home()).app == url
    assert connect.check(home()) == []


def test_passwords_go_with_the_key_that_derived_them(home: Home) -> None:
    """In a home that had no key of their own, retiring the oldest sets new ones."""
    settings = home()
    settings.password_file.replace(settings.secret_keys)
    connect.migrate(home())
    url = connect.logins(home()).app
    rotation.rotate(home())
    rotation.retire(home(), ActorKey(settings.secret_keys[0]).kid)
    assert connect.logins(home()).app != url
    assert connect.check(home()) == []
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))


def test_a_key_that_postgresql_does_not_know_does_not_serve(home: Home) -> None:
    """Whoever writes a key into the file by hand is told to migrate before it can sign."""
    settings = home()
    settings.key_file.replace(["b7d90e1c35f2486aa01c7e93d5f8b264", *settings.secret_keys])
    with pytest.raises(Unavailable, match="workbench migrate"):
        connect.check(home())
    connect.migrate(home())
    assert connect.check(home()) == []


def test_given_keys_are_somebody_elses_to_change(home: Home) -> None:
    """PostgreSQL learns of the new key, and the settings that hold them stay as they are."""
    kept = home()
    given = kept.model_dump(include={"home"}) | {
        "_env_file": None,
        "database_url": connect.logins(kept).app.render_as_string(hide_password=False),
        "secret_key": kept.secret_keys[0],
    }
    with pytest.raises(Invalid, match="WORKBENCH_OWNER_URL"):
        rotation.rotate(Settings(**given))
    owner = connect.login_url(kept, roles.OWNER).render_as_string(hide_password=False)
    new = rotation.rotate(Settings(**given, owner_url=owner))
    assert home().secret_keys == kept.secret_keys
    turned = given | {"secret_key": f"{new},{kept.secret_keys[0]}", "owner_url": owner}
    assert connect.check(Settings(**turned)) == []
    with pytest.raises(NotFound, match="workbench keys list"):
        rotation.retire(Settings(**turned), "0" * 16)
    rotation.retire(Settings(**turned), ActorKey(kept.secret_keys[0]).kid)
    assert list(connect.key_ages(Settings(**turned))) == [ActorKey(new).kid]


def test_the_shell_rotates_and_retires(shell: Shell) -> None:
    """Rotating tells how to retire; `list` and `doctor` name the keys and their ages."""
    [before] = json.loads(shell("keys", "list", "--json").stdout)
    rotated = shell("keys", "rotate")
    assert f"workbench keys retire {before['kid']}" in rotated.stdout
    listed = json.loads(shell("keys", "list", "--json").stdout)
    assert [(row["kid"] == before["kid"], row["signs"]) for row in listed] == [
        (False, "yes"),
        (True, ""),
    ]
    checks = {f["check"]: f for f in json.loads(shell("doctor", "--json").stdout)}
    assert checks["keys"]["state"] == "ok"
    assert "0 days old, signs" in checks["keys"]["detail"]

    assert "keys list" in shell("keys", "retire", "nothing").stderr
    assert "rotate first" in shell("keys", "retire", listed[0]["kid"]).stderr
    assert shell("keys", "retire", before["kid"]).returncode == 0
    assert [r["kid"] for r in json.loads(shell("keys", "list", "--json").stdout)] == [
        listed[0]["kid"]
    ]
    assert shell("tenant", "list").returncode == 0


def test_doctor_tells_of_files_that_others_may_read(shell: Shell, shell_home: Path) -> None:
    """Log-ins of the demo that are open are a note, an open key is wrong."""

    def secrets() -> dict[str, str]:
        found = json.loads(shell("doctor", "--json").stdout)
        return next(finding for finding in found if finding["check"] == "secret key")

    people, key = shell_home / "demo.json", shell_home / "secret_key"
    people.write_text("[]")
    people.chmod(0o644)
    assert (secrets()["state"], "demo.json" in secrets()["detail"]) == ("note", True)
    people.unlink()
    assert secrets()["state"] == "ok"
    key.chmod(0o644)
    try:
        assert (secrets()["state"], "chmod 600" in secrets()["detail"]) == ("wrong", True)
        assert "chmod 600" in shell("serve").stderr
    finally:
        key.chmod(0o600)
