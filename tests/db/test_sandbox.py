"""Disposable databases: what whoever holds one may do, and that nothing of one stays behind."""

import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from workbench.db import connect, guard, roles, sandbox, schema
from workbench.db.embedded import Embedded
from workbench.db.sandbox import WITNESS, Sandbox, SandboxBusy, SandboxShared
from workbench.settings import Settings

SMALL = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "30"}
PASSWORD = "the-password-of-a-superuser"
COUNT = "select count(*) from workbench.tenants"


@pytest.fixture(scope="module")
def tenants(settings: Settings, migrated: Embedded) -> URL:
    """The application's address of the server where tenants' rows lie."""
    del migrated
    return connect.logins(settings).app


@pytest.fixture(scope="module")
def made(tenants: URL) -> Iterator[Sandbox]:
    """A sandbox of this test alone."""
    with sandbox.disposable(None, tenants) as found:
        yield found


@pytest.fixture
def given(tmp_path: Path) -> Iterator[URL]:
    """A server for sandboxes, with a superuser that has a password."""
    (tmp_path / "spare").mkdir()
    server = Embedded(tmp_path / "spare" / "postgres", options=SMALL)
    server.start()
    with server.superuser() as connection:
        connection.execute(f"create role spare superuser login password '{PASSWORD}'")
    yield server.url("spare", PASSWORD, "postgres")
    server.stop()


def test_two_are_made_at_once(tenants: URL) -> None:
    """A worker makes two in threads of its own; each has the whole schema, and neither fails."""

    def make(_: int) -> str:
        with sandbox.disposable(None, tenants) as found, at(found.urls[WITNESS]) as connection:
            row = connection.execute("select version_num from workbench.alembic_version").fetchone()
            return str(row and row[0])

    with ThreadPoolExecutor(2) as pool:
        assert [*pool.map(make, range(2))] == [schema.head()] * 2


def as_role(found: Sandbox, role: str) -> psycopg.Connection:
    """Connect to a sandbox as one of its roles."""
    return at(found.urls[role])


def at(url: URL) -> psycopg.Connection:
    """Connect to an address."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(address, autocommit=True)


def folders() -> set[Path]:
    """The folders of the sandboxes that there are."""
    return set(Path(tempfile.gettempdir()).glob(f"{sandbox.PREFIX}*"))


class TestMade:
    """What is in a sandbox."""

    def test_it_is_migrated_and_guarded(self, made: Sandbox) -> None:
        """Workbench's own roles are bound there as in the tenants' database."""
        engine = made.database().sync_app
        with engine.connect() as connection:
            guard.check(connection)
            assert guard.left_open(connection) == []
        engine.dispose()

    def test_its_holder_lifts_a_policy(self, made: Sandbox) -> None:
        """The owner may do there what nobody does where tenants are."""
        with as_role(made, roles.OWNER) as owner:
            owner.execute("alter table workbench.runs no force row level security")
            owner.execute("alter table workbench.runs force row level security")

    def test_the_witness_sees_past_policies(self, made: Sandbox) -> None:
        """Who plants rows for a proof can count them; the application sees none without a token."""
        insert = "insert into workbench.tenants (id, slug, name) values (uuidv7(), 'a', 'A')"
        with as_role(made, WITNESS) as witness, as_role(made, roles.APP) as app:
            witness.execute(insert)
            assert witness.execute(COUNT).fetchone() == (1,)
            assert app.execute(COUNT).fetchone() == (0,)
            witness.execute("delete from workbench.tenants")

    @pytest.mark.parametrize("role", sandbox.ROLES)
    def test_nobody_is_a_superuser(self, made: Sandbox, role: str) -> None:
        """No role of a sandbox runs programs or reads files of the machine."""
        with as_role(made, role) as connection:
            assert connection.execute("show is_superuser").fetchone() == ("off",)
            for attack in (
                "copy (select 1) to program 'id'",
                "select pg_read_file('/etc/passwd')",
                "create role mighty superuser",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(attack)

    def test_its_passwords_open_nothing_else(self, made: Sandbox, tenants: URL) -> None:
        """No role of a sandbox gets into the tenants' database; the application itself does."""
        for role, url in made.urls.items():
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                at(tenants.set(username=role, password=url.password))
        with at(tenants) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


class TestGone:
    """After its use."""

    def test_it_is_gone_when_the_block_ends(self, tenants: URL) -> None:
        """Server, folder and socket are gone, also when something was raised."""
        with suppress(ZeroDivisionError), sandbox.disposable(None, tenants) as found:
            socket = Path(str(found.urls[roles.APP].query["host"]))
            (folder,) = [f for f in folders() if Embedded(f / "postgres").socket == socket]
            raise ZeroDivisionError
        assert not folder.exists()
        assert not socket.exists()
        with pytest.raises(psycopg.OperationalError):
            as_role(found, roles.APP)

    def test_what_a_killed_worker_left_is_swept(self, tenants: URL) -> None:
        """An old folder that nobody uses goes with its server; one in use stays."""
        folder = Path(tempfile.mkdtemp(prefix=sandbox.PREFIX))
        left = Embedded(folder / "postgres", options=SMALL)
        left.start()
        assert left._users is not None
        left._users.close()  # as when the process is killed
        sandbox.sweep(None)
        assert folder.exists()
        with sandbox.disposable(None, tenants) as found:
            for path in folders():
                os.utime(path, (time.time() - 3600,) * 2)
            sandbox.sweep(None)
            assert not folder.exists()
            with pytest.raises(psycopg.OperationalError):
                left.superuser()
            with as_role(found, roles.APP) as app:
                assert app.execute(COUNT).fetchone() == (0,)


class TestGiven:
    """A server that is given for sandboxes."""

    def test_it_serves_one_at_a_time(self, given: URL, tenants: URL) -> None:
        """The second waits for the first; afterwards nothing of either is left."""
        for _ in range(2):
            with sandbox.disposable(given, tenants) as found:
                with as_role(found, WITNESS) as witness:
                    assert witness.execute(COUNT).fetchone() == (0,)
                with pytest.raises(SandboxBusy), sandbox.disposable(given, tenants):
                    pass
        assert names(given) == {"postgres"}

    def test_what_a_killed_worker_left_is_swept(self, given: URL) -> None:
        """Databases whose worker is gone are dropped, others stay."""
        with at(given) as connection:
            connection.execute(f"create database {sandbox.NAMES}left")
            connection.execute("create database kept")
            connection.execute(f"create role {roles.TENANT_PREFIX}left login")
        sandbox.sweep(given)
        assert names(given) == {"postgres", "kept"}

    def test_it_is_not_the_tenants(self, settings: Settings, migrated: Embedded) -> None:
        """The server of the tenants is refused, whatever address names it."""
        with migrated.superuser() as connection:
            connection.execute(f"create role mighty superuser login password '{PASSWORD}'")
        url = migrated.url("mighty", PASSWORD, "postgres")
        try:
            with (
                pytest.raises(SandboxShared),
                sandbox.disposable(url, connect.logins(settings).app),
            ):
                pass
        finally:
            with migrated.superuser() as connection:
                connection.execute("drop role mighty")
        at(connect.logins(settings).app).close()


def names(url: URL) -> set[str]:
    """The databases of a server."""
    query = "select datname from pg_database where not datistemplate"
    with at(url) as connection:
        return {name for (name,) in connection.execute(query)}
