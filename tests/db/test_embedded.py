"""The embedded server: who gets in, who joins, and when it stops."""

import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import FAST
from workbench.db import connect, roles
from workbench.db.embedded import Embedded
from workbench.errors import Invalid, Unavailable
from workbench.settings import Settings

KEY = "a secret that is long enough for a key"
GIVEN = "postgresql://app:of-this-test@server:5433/workbench"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder below a home of mode 0700."""
    (tmp_path / "home").mkdir(mode=0o700)
    return tmp_path / "home" / "postgres"


@pytest.fixture
def small(folder: Path) -> Iterator[Embedded]:
    """A second server of this test's own."""
    embedded = Embedded(folder, options=FAST | {"shared_buffers": "16MB", "max_connections": "10"})
    embedded.start()
    yield embedded
    embedded.stop()


def test_it_lives_as_long_as_it_is_used(small: Embedded, folder: Path) -> None:
    """A second user joins; the server stops when the last one leaves, and starts again."""
    second = Embedded(folder, options=small.options)
    second.start()
    small.stop()
    with second.superuser() as connection:
        connection.execute("create database kept")
    second.stop()
    with pytest.raises(psycopg.OperationalError):
        second.superuser()
    second.stop()  # nothing to leave
    small.start()
    with small.superuser("kept") as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_the_home_stays_closed(small: Embedded, folder: Path) -> None:
    """The wheel opens the path to its system user; the home is 0700 all the same."""
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
    with small.superuser() as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_it_refuses_a_socket_folder_that_somebody_made_first(folder: Path, tmp_path: Path) -> None:
    """A link in its place would have root give somebody's folder to the server's user."""
    embedded = Embedded(folder)
    embedded.socket.symlink_to(tmp_path)
    owner = tmp_path.stat().st_uid
    try:
        with pytest.raises(Unavailable, match="somebody else"):
            embedded.start()
    finally:
        embedded.socket.unlink()

    assert tmp_path.stat().st_uid == owner


def test_every_role_is_asked_for_its_password(small: Embedded) -> None:
    """The right one opens, a wrong one and none do not."""
    small.ensure_database("the-right-one")
    small.ensure_database("the-right-one")  # nothing is missing the second time
    for password, opens in (("the-right-one", True), ("wrong", False), (None, False)):
        url = small.url(roles.OWNER, password).set(drivername="postgresql")
        address = url.render_as_string(hide_password=False)
        if opens:
            psycopg.connect(address).close()
        else:
            with pytest.raises(psycopg.OperationalError, match=r"password|authentication"):
                psycopg.connect(address)


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    """One line says that the server does not start."""
    (tmp_path / "postgres").write_text("no folder")
    with pytest.raises(Unavailable, match="does not start"):
        Embedded(tmp_path / "postgres").start()


def test_a_cut_file_is_no_running_server(small: Embedded, folder: Path) -> None:
    """What a crash left of the server's own file does not pass for a server."""
    stranger = Embedded(folder.with_name("other"))
    stranger.folder.mkdir()
    (stranger.folder / "postmaster.pid").write_text("12\n")
    assert stranger._running() is None
    assert small._running() is not None


class TestConnect:
    """From settings to addresses."""

    def test_passwords_are_derived_and_urls_win(self, tmp_path: Path) -> None:
        """A role's own URL is taken; the others get the server's with a derived password."""
        settings = Settings(
            _env_file=None, home=tmp_path, database_url=GIVEN, secret_key=KEY,
            reader_url="postgresql://me:mine@replica/workbench",
        )  # fmt: skip
        urls = connect.logins(settings)
        assert (urls.app.username, urls.app.password) == ("app", "of-this-test")
        assert (urls.reader.username, urls.reader.host) == ("me", "replica")
        assert (urls.worker.username, urls.worker.host) == (roles.WORKER, "server")
        assert len(str(urls.worker.password)) == 43
        with connect.server(settings):  # none of ours to start
            pass

    def test_the_owner_is_never_guessed(self, tmp_path: Path) -> None:
        """Without its URL nobody migrates a server of one's own."""
        settings = Settings(_env_file=None, home=tmp_path, database_url=GIVEN, secret_key=KEY)
        with pytest.raises(Invalid, match="WORKBENCH_OWNER_URL"):
            connect.migrate(settings)

    def test_the_server_is_kept_while_it_is_needed(self, settings: Settings) -> None:
        """Inside the block the embedded server answers."""
        with connect.server(settings), connect.embedded(settings).superuser() as connection:
            assert connection.execute("select 1").fetchone() == (1,)

    def test_start_up_checks_the_database(self, settings: Settings, migrated: Embedded) -> None:
        """A migrated database is served with nothing left open; an empty one is not served."""
        assert connect.check(settings) == []
        migrated.ensure_database(str(connect.login_url(settings, roles.OWNER).password), "empty")
        with migrated.superuser("empty") as connection:
            connection.execute("revoke temporary on database empty from public")
        url = connect.logins(settings).app.set(database="empty")
        empty = Settings(
            _env_file=None,
            home=settings.home,
            secret_key=",".join(settings.secret_keys),
            database_url=url.render_as_string(hide_password=False),
        )
        with pytest.raises(Unavailable, match="run `workbench migrate`"):
            connect.check(empty)
