"""How migrations run: one at a time, with timeouts, whole or not at all, and never generated."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from psycopg import errors
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.isolation.world import attempt, connect
from tests.migrations.conftest import MakeScratch, Scratch
from workbench.db import schema
from workbench.settings import ROOT

LOCK = 7_302_026
MIGRATION = '''
"""A migration of a test."""

from migrations.policies import run

revision = "9999"
down_revision = {head!r}


def upgrade() -> None:
    run("create table workbench.half_done (a int)", {statement!r})


def downgrade() -> None:
    run("drop table workbench.half_done")
'''


@pytest.fixture(scope="module")
def scratch(make_scratch: MakeScratch) -> Scratch:
    """A database at the newest revision."""
    scratch = make_scratch("running")
    scratch.upgrade()
    return scratch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the migrations that a test may add to."""
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    return tmp_path / "migrations"


def _with(folder: Path, config: Config, statement: str) -> Config:
    text_ = MIGRATION.format(head=schema.head(), statement=statement)
    (folder / "versions" / "9999_of_a_test.py").write_text(text_)
    config.set_main_option("script_location", str(folder))
    return config


class TestWholeOrNot:
    """Each migration is one transaction."""

    def test_a_failing_migration_leaves_nothing(self, scratch: Scratch, folder: Path) -> None:
        """What it did before the error is undone, the revision stands, the lock is free."""
        with scratch.engine().connect() as connection:
            config = _with(folder, schema.config(connection), "select 1 / 0")
            with pytest.raises(errors.DivisionByZero):
                command.upgrade(config, "head")
            assert schema.current(connection) == schema.head()
            assert connection.scalar(text("select to_regclass('workbench.half_done')")) is None
        with connect(scratch.owner) as other:
            seen = attempt(other, "select pg_try_advisory_lock(%s)", LOCK)
            assert seen.rows == [(True,)]

    def test_a_sound_one_goes_up_and_down(self, scratch: Scratch, folder: Path) -> None:
        """The twin: without the error the table is there, and then gone."""
        with scratch.engine().connect() as connection:
            config = _with(folder, schema.config(connection), "select 1")
            command.upgrade(config, "head")
            assert connection.scalar(text("select to_regclass('workbench.half_done')"))
            connection.commit()
            command.downgrade(config, "-1")
            assert schema.current(connection) == schema.head()


class TestOneAtATime:
    """Migrations wait for one another, and for nobody else for long."""

    def test_timeouts_are_set(self, scratch: Scratch, folder: Path) -> None:
        """A migration waits 4 s for a lock and works a minute at most on one statement."""
        tell = (
            "do $$ begin raise exception '%, %', current_setting('lock_timeout'), "
            "current_setting('statement_timeout'); end $$"
        )
        with scratch.engine().connect() as connection:
            config = _with(folder, schema.config(connection), tell)
            with pytest.raises(errors.RaiseException, match="4s, 1min"):
                command.upgrade(config, "head")

    def test_a_table_in_use_is_not_waited_for(self, scratch: Scratch, folder: Path) -> None:
        """A migration that meets a lock gives up, so that others do not queue behind it."""
        alter = "alter table workbench.users add column half_done int"
        undo = "alter table workbench.users drop column half_done"
        with connect(scratch.owner) as reader, reader.transaction():
            reader.execute("select * from workbench.users")
            with scratch.engine().connect() as connection:
                config = _with(folder, schema.config(connection), f"set lock_timeout = 50; {alter}")
                with pytest.raises(errors.LockNotAvailable):
                    command.upgrade(config, "head")
        with scratch.engine().connect() as connection:
            config = _with(folder, schema.config(connection), f"{alter}; {undo}")
            command.upgrade(config, "head")
            command.downgrade(config, "-1")

    def test_a_second_process_waits(self, scratch: Scratch) -> None:
        """While one holds the advisory lock another waits, and goes on when it is free."""
        finished = threading.Event()

        def migrate() -> None:
            scratch.upgrade()
            finished.set()

        with connect(scratch.owner) as holder:
            holder.execute("select pg_advisory_lock(%s)", [LOCK])
            thread = threading.Thread(target=migrate)
            thread.start()
            assert not finished.wait(0.7)
            holder.execute("select pg_advisory_unlock(%s)", [LOCK])
            thread.join(20)
        assert finished.is_set()


class TestNeverGenerated:
    """Autogenerate sees no policy, so it is refused."""

    def test_the_command_line_refuses(self) -> None:
        """`alembic revision --autogenerate` says why, and writes no file."""
        before = sorted((ROOT / "migrations" / "versions").iterdir())
        done = _alembic("revision", "--autogenerate", "-m", "of a test")
        assert done.returncode != 0
        assert "sees neither policies nor grants" in done.stdout + done.stderr
        assert sorted((ROOT / "migrations" / "versions").iterdir()) == before

    def test_the_function_refuses(self, scratch: Scratch, folder: Path) -> None:
        """Nor does Alembic's own interface, with a connection in hand."""
        with scratch.engine().connect() as connection:
            config = schema.config(connection)
            config.set_main_option("script_location", str(folder))
            with pytest.raises((CommandError, DBAPIError), match=r"MetaData|policies"):
                command.revision(config, "of a test", autogenerate=True)

    def test_the_history_can_be_read(self) -> None:
        """The twin: what does not write works from the command line."""
        done = _alembic("history")
        assert done.returncode == 0, done.stderr
        assert str(schema.head()) in done.stdout

    def test_a_new_migration_is_made_of_the_template(self, folder: Path) -> None:
        """`alembic revision` fills the template, which warns its author."""
        config = schema.config()
        config.set_main_option("script_location", str(folder))
        made = command.revision(config, "of a test", rev_id="9998")
        assert made is not None
        assert not isinstance(made, list)
        written = Path(made.path).read_text()
        assert "from migrations.policies import run" in written
        assert "lock_timeout is 4 s" in written
        compile(written, made.path, "exec")


def _alembic(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "alembic", *arguments]
    return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
