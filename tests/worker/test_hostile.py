"""Hostile cells: what a notebook of one tenant tries, and what it may do all the same."""

import os
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support import flights
from tests.support.kernels import Bench
from tests.support.people import make_actor as member
from workbench.actor import Actor
from workbench.db import roles
from workbench.settings import Settings
from workbench.tenants.models import Tenant
from workbench.worker import kernel

USER = "nobody"
CONNECT = """
import json, os, psycopg
ticket = json.load(open(os.environ['WORKBENCH_TICKET']))
connection = psycopg.connect(ticket['database_url'], autocommit=True)
def tell(token):
    connection.execute("select set_config('workbench.actor_token', %s, false)", [token])
def attempt(name, *statements):
    try:
        for statement in statements:
            cursor = connection.execute(statement)
        print(name, 'gave', cursor.fetchall() if cursor.description else 'nothing', flush=True)
    except psycopg.Error as error:
        print(name, 'refused', error.sqlstate, error, flush=True)
tell(ticket['actor_token'])
"""


@pytest.fixture(scope="module")
def python() -> Iterator[str]:
    """A Python that the unprivileged user can start; skips where there is none."""
    if os.geteuid() != 0:
        pytest.skip("only root can start kernels as another system user")
    if kernel.can_start(USER, sys.executable):
        yield sys.executable
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        home = Path(folder) / "venv"
        with suppress(OSError, subprocess.CalledProcessError):
            base = f"/usr/bin/{version}"
            subprocess.run([base, "-m", "venv", "--without-pip", str(home)], check=True)
            link = f"import site; site.addsitedir({site.getsitepackages()[0]!r})"
            (home / "lib" / version / "site-packages" / "link.pth").write_text(link)
        if not kernel.can_start(USER, str(home / "bin" / "python")):
            pytest.skip(f"no Python that the user {USER} can start")
        yield str(home / "bin" / "python")


@pytest.fixture
def walled(bench: Bench, settings: Settings, python: str) -> Bench:
    """The bench whose kernels run as an unprivileged system user."""
    separate = settings.model_copy(update={"kernel_user": USER})
    return replace(bench, parts=replace(bench.parts, settings=separate, python=python))


class TestHost:
    """What a kernel with a system user of its own sees of the machine."""

    async def test_it_reads_its_rows(self, walled: Bench, actor: Actor, tenant: Tenant) -> None:
        """The wall lets a notebook work, in a warm kernel that the system holds to its limits."""
        await flights.load(walled.parts.database, tenant.id, "OO")

        run = await replace(walled, warm=1).run(
            actor,
            "import getpass; print(getpass.getuser())",
            "import sys; print('warm', 'pandas' in sys.modules)",
            "import resource; print('processes', resource.getrlimit(resource.RLIMIT_NPROC))",
            "import os; print('ticket', oct(os.stat(os.environ['WORKBENCH_TICKET']).st_mode))",
            "from workbench import lab; run = lab.open_run()",
            "print('rows', run.frame('select count(*) n from flights').n[0])",
            "run.publish('words', 'kept')",
        )

        assert (run.status, run.error) == ("succeeded", None)
        said = walled.said(run)
        assert USER in said
        assert "warm True\nprocesses (2048, 2048)\nticket 0o100600" in said
        assert "rows 32" in walled.said(run)
        assert "words.txt" in {file.name for file in run.artifacts}

    async def test_it_reads_no_secret_of_the_worker(
        self, walled: Bench, bench: Bench, actor: Actor, settings: Settings
    ) -> None:
        """Neither the home, nor the worker's environment and memory, nor another run's folder."""
        key = settings.home / "secret_key"
        key.read_text()
        with kernel.scratch(None) as other:
            reads = [
                f"open({str(key)!r}).read()",
                "open(f'/proc/{os.getppid()}/environ').read()",
                "open(f'/proc/{os.getppid()}/mem', 'rb').read(1)",
                f"os.listdir({str(other.folder)!r})",
                "open(os.environ['WORKBENCH_TICKET']).read()[:1]",
            ]
            cell = "import os\n" + "\n".join(
                f"try:\n    {read}\n    print({place}, 'read')\n"
                f"except OSError as error:\n    print({place}, type(error).__name__)"
                for place, read in enumerate(reads)
            )
            apart = await walled.run(actor, cell)
            as_worker = await bench.run(actor, cell)

        assert walled.said(apart).split("\n")[:5] == [
            *(f"{place} PermissionError" for place in range(4)),
            "4 read",
        ]
        assert "0 read\n1 read" in bench.said(as_worker)

    async def test_its_environment_holds_what_is_passed_on(
        self, walled: Bench, actor: Actor, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing of the worker's environment reaches a kernel but a short list."""
        monkeypatch.setenv("WORKBENCH_SECRET_KEY", settings.secret_keys[0])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")

        run = await walled.run(actor, "import os; print(sorted(os.environ), os.environ['HOME'])")

        said = walled.said(run)
        assert "WORKBENCH_TICKET" in said
        assert "SECRET" not in said
        assert "workbench-run-" in said

    async def test_it_cannot_connect_as_somebody_else(
        self, walled: Bench, actor: Actor, other_tenant: Tenant
    ) -> None:
        """No role of the server lets a kernel in but its tenant's own login."""
        names = ["postgres", *roles.LOGINS, roles.OWNER, roles.tenant_login(other_tenant.id)]
        await walled.run(await member(walled.parts.database, other_tenant.id, "analyst"), "1")
        cell = (
            f"from sqlalchemy import make_url\nurl = make_url(ticket['database_url'])\n"
            f"for name in {names!r} + [url.username]:\n"
            "    address = url.set(username=name).render_as_string(hide_password=False)\n"
            "    try:\n"
            "        psycopg.connect(address).close(); print(name, 'in')\n"
            "    except psycopg.OperationalError:\n"
            "        print(name, 'out')"
        )

        run = await walled.run(actor, CONNECT, cell)

        outcomes = dict(line.split() for line in walled.said(run).splitlines())
        assert all(outcomes[name] == "out" for name in names)
        assert outcomes[roles.tenant_login(actor.require_tenant())] == "in"


class TestDatabase:
    """What a kernel's own connection to PostgreSQL gives."""

    async def test_a_changed_token_gives_nothing_of_another_tenant(
        self, bench: Bench, actor: Actor, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        """A forged token, a foreign one and none at all read no row; the right one still does."""
        database = bench.parts.database
        await flights.load(database, tenant.id, "OO")
        await flights.load(database, other_tenant.id, "HA")
        foreign = database.key.mint(await member(database, other_tenant.id, "owner"))
        count = "'select count(*) from flights'"

        run = await bench.run(
            actor,
            CONNECT,
            f"attempt('own', {count})",
            f"tell({foreign!r}); attempt('foreign', {count})",
            f"tell(ticket['actor_token'][:-3] + 'abc'); attempt('forged', {count})",
            f"tell(''); attempt('none', {count})",
            f"tell(ticket['actor_token']); attempt('again', {count})",
        )

        lines = dict(line.split(" ", 1) for line in bench.said(run).splitlines())
        assert lines["own"] == lines["again"] == "gave [(32,)]"
        assert lines["foreign"].startswith("refused 42501")
        assert lines["forged"].startswith("refused 42501")
        assert lines["none"] == "gave [(0,)]"

    async def test_it_changes_neither_role_nor_rows_nor_others(
        self, bench: Bench, actor: Actor, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        """Roles, tables, temporary tables and other backends are out of reach."""
        database = bench.parts.database
        await flights.load(database, tenant.id, "OO")
        await bench.run(await member(database, other_tenant.id, "analyst"), "1")
        theirs = roles.tenant_login(other_tenant.id)
        refused = {
            "set_role": f"set role {theirs}",
            "app_role": f"set role {roles.APP}",
            "session": f"set session authorization {theirs}",
            "alter": f"alter role {theirs} password 'x'",
            "settings": f"alter role {theirs} set search_path = public",
            "rows": "update flights set dest = 'XXX'",
            "remove": "delete from flights",
            "tables": "select * from workbench.runs",
            "keys": "select * from workbench_private.actor_keys",
            "login": f"select workbench.set_tenant_login('{other_tenant.id}', 'SCRAM-SHA-256$')",
            "queue": "select * from queue.procrastinate_jobs",
            "temporary": "create temporary table flights (x int)",
            "schema": "create table data.mine (x int)",
            "file": "select pg_read_file('/etc/passwd')",
            "program": "copy (select 1) to program 'true'",
        }
        cells = [f"attempt({name!r}, {statement!r})" for name, statement in refused.items()]

        run = await bench.run(
            actor, CONNECT, *cells, "attempt('reset', 'reset role', 'select count(*) from flights')"
        )

        lines = dict(line.split(" ", 1) for line in bench.said(run).splitlines() if " " in line)
        assert {name for name in refused if not lines[name].startswith("refused")} == set()
        assert lines["reset"] == "gave [(32,)]"

    async def test_it_neither_sees_nor_ends_what_others_execute(
        self, bench: Bench, actor: Actor, tenant: Tenant
    ) -> None:
        """Activity is hidden and backends of other roles go on; its own statements work."""
        await flights.load(bench.parts.database, tenant.id, "OO")
        async with bench.parts.database.session(actor) as session:
            pid = await session.scalar(text("select pg_backend_pid()"))

            run = await bench.run(
                actor,
                CONNECT,
                "attempt('activity', 'select query from pg_stat_activity')",
                f"attempt('end', 'select pg_terminate_backend({pid})')",
                "attempt('own', 'select count(*) from flights')",
            )

            assert await session.scalar(text("select pg_backend_pid()")) == pid
        lines = dict(line.split(" ", 1) for line in bench.said(run).splitlines() if " " in line)
        assert lines["activity"].startswith("refused 42501")
        assert lines["end"].startswith("refused 42501")
        assert lines["own"] == "gave [(32,)]"

    async def test_its_own_password_is_set_back(self, bench: Bench, actor: Actor) -> None:
        """A kernel that changes its login's password locks nobody out of the next run."""
        change = "connection.execute('alter role current_user password %s' % repr('changed'))"

        changed = await bench.run(actor, CONNECT, change)
        after = await bench.run(actor, CONNECT, "attempt('again', 'select 1')")

        assert changed.status == "succeeded"
        assert "again gave [(1,)]" in bench.said(after)


class TestSecrets:
    """What a run leaves behind."""

    async def test_it_holds_no_token_and_no_password(self, bench: Bench, actor: Actor) -> None:
        """A notebook that shows its ticket shows no secret in file, report or error."""
        run = await bench.run(
            actor,
            CONNECT,
            "print(ticket)",
            "from IPython.display import HTML; HTML('<b>' + ticket['actor_token'] + '</b>')",
            "raise ValueError(ticket['database_url'] + ticket['access_token'])",
        )

        texts = [bench.text(run, file.name) for file in run.artifacts] + [str(run.error)]
        assert run.status == "failed"
        assert "actor_token" in bench.said(run)
        assert not any("eyJ" in kept for kept in texts)
        assert all("•••" in kept or "\\u2022" in kept for kept in texts)
        login = roles.tenant_login(actor.require_tenant())
        assert not any(f"{login}:" in kept.replace(f"{login}:•••", "") for kept in texts)
