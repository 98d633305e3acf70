"""`workbench audit …`, and what the doctor says of the chain."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import Shell
from workbench.db import connect
from workbench.settings import Settings


@pytest.fixture
def superuser(shell: Shell, shell_home: Path) -> Iterator[psycopg.Connection]:
    """A superuser of the shell's database, whom no trigger binds."""
    del shell
    settings = Settings(_env_file=None, home=shell_home)
    with connect.embedded(settings).superuser("workbench") as connection:
        connection.execute("set session_replication_role = replica")
        yield connection


def test_it_exports_and_verifies(
    shell: Shell, superuser: psycopg.Connection, tmp_path: Path
) -> None:
    """A tenant's audit becomes a file that is verified alone; tampering is named by place."""
    assert shell("tenant", "create", "kept").returncode == 0
    done = shell("audit", "export", "--tenant", "kept")
    assert done.returncode == 0, done.stderr
    first = json.loads(done.stdout.splitlines()[0])
    assert (first["position"], first["action"], first["target"]) == (1, "tenant.create", "kept")
    file = tmp_path / "audit.jsonl"
    file.write_text(done.stdout)
    assert shell("audit", "verify", str(file)).returncode == 0
    file.write_text(done.stdout.replace("tenant.create", "tenant.nothing"))
    changed = shell("audit", "verify", str(file))
    assert changed.returncode == 1
    assert "position 1" in changed.stdout
    table = shell("audit", "export", "--tenant", "kept", "--format", "csv")
    assert table.stdout.startswith("position,tenant_id,id,at,")
    nothing = shell("audit", "export", "--tenant", "kept", "--until", "2000-01-01")
    assert (nothing.returncode, nothing.stdout) == (0, "")

    [row] = json.loads(shell("audit", "verify", "--tenant", "kept", "--json").stdout)
    assert (row["tenant"], row["wrong"]) == ("kept", None)
    assert "entries of" in _doctor(shell)["detail"]
    superuser.execute("update workbench.audit_entries set target = 'x' where target = 'kept'")
    broken = shell("audit", "verify")
    assert broken.returncode == 1
    finding = _doctor(shell)
    superuser.execute("update workbench.audit_entries set target = 'kept' where target = 'x'")
    assert finding["state"] == "wrong"
    assert finding["detail"].startswith("kept, position 1:")
    assert _doctor(shell)["state"] == "ok"


def test_it_knows_no_tenant_that_is_not_there(shell: Shell) -> None:
    """A slug without a tenant is one line and exit code 1."""
    for arguments in (("verify", "--tenant", "nobody"), ("export", "--tenant", "nobody")):
        done = shell("audit", *arguments)
        assert done.returncode == 1
        assert "workbench tenant list" in done.stderr


def _doctor(shell: Shell) -> dict[str, str]:
    found: list[dict[str, str]] = json.loads(shell("doctor", "--json").stdout)
    return next(finding for finding in found if finding["check"] == "audit")
