"""`workbench dataset …`: private and shared datasets from the shell."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Shell
from tests.support import people
from workbench.db import connect
from workbench.permissions import Role
from workbench.settings import Settings

SLUG = "defining"
INSIDE = ("--tenant", SLUG)


@pytest.fixture(scope="module", autouse=True)
async def tenant(shell: Shell, shell_home: Path) -> AsyncIterator[str]:
    """A tenant with an owner."""
    del shell
    database = connect.database(Settings(_env_file=None, home=shell_home))
    made = await people.make_tenant(database, SLUG)
    await people.make_actor(database, made.id, Role.OWNER)
    yield SLUG
    await database.close()


def done(shell: Shell, *arguments: str) -> str:
    """What a command says that succeeds."""
    answer = shell("dataset", *arguments)
    assert answer.returncode == 0, answer.stderr
    return str(answer.stdout)


def shown(shell: Shell, *arguments: str) -> list[dict[str, Any]]:
    """What a command lists."""
    rows: list[dict[str, Any]] = json.loads(done(shell, *arguments, "--json"))
    return rows


def private(shell: Shell) -> list[dict[str, Any]]:
    """The tenant's own datasets; beside them it has what tests make for every tenant."""
    return [row for row in shown(shell, "list", *INSIDE) if row["private"]]


def test_a_private_one_from_first_to_last(shell: Shell) -> None:
    """Made, described, changed, deleted and restored, by one who may."""
    columns = ("--column", "code:text", "--column", "size:integer")
    done(shell, "create", "shell_made", *columns, *INSIDE)
    done(shell, "describe", "shell_made", "--title", "Made here", *INSIDE)
    done(shell, "column", "add", "shell_made", "site", "text", "--semantic", "url", *INSIDE)
    change = ("column", "change", "shell_made", "size", "--type", "number", *INSIDE)
    assert "would be" in done(shell, *change, "--dry-run")
    done(shell, *change, "--name", "length", "--unit", "m")
    done(shell, "order", "add", "shell_made", "-length,code", *INSIDE)
    assert "sort the rows" in done(shell, "order", "drop", "shell_made", "-length,code", *INSIDE)
    done(shell, "column", "drop", "shell_made", "code", *INSIDE)
    found = shown(shell, "show", "shell_made", *INSIDE)
    assert [(c["name"], c["type"], c["unit"]) for c in found] == [
        ("length", "number", "m"),
        ("site", "text", None),
    ]
    done(shell, "column", "restore", "shell_made", "code", *INSIDE)
    done(shell, "rename", "shell_made", "shell_renamed", *INSIDE)
    done(shell, "delete", "shell_renamed", *INSIDE)
    assert private(shell) == []
    done(shell, "restore", "shell_renamed", *INSIDE)
    (row,) = private(shell)
    assert (row["name"], row["title"], row["private"]) == ("shell_renamed", "Made here", "yes")


def test_a_shared_one(shell: Shell) -> None:
    """Without a tenant it is every tenant's."""
    done(shell, "create", "shell_shared", "--column", "code:text")
    assert "shell_shared" in [row["name"] for row in shown(shell, "list")]
    rows = shown(shell, "list", *INSIDE)
    assert [row["private"] for row in rows if row["name"] == "shell_shared"] == [""]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nothing", *INSIDE), "no dataset nothing"),
        (("create", "x", "--column", "code", *INSIDE), "name:type"),
        (("create", "x", "--column", "code:jsonb", *INSIDE), "type"),
        (("column", "change", "x", "y", "--dry-run", *INSIDE), "--type"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    shell: Shell, arguments: tuple[str, ...], said: str
) -> None:
    """It says what is wrong, and the command fails."""
    answer = shell("dataset", *arguments)
    assert answer.returncode == 1
    assert said in answer.stderr
