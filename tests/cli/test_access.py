"""Roles, grants and the explanation of access in the shell."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Shell

TENANT = ("--tenant", "desks")
ANN = "ann@desks.example"


def told(shell: Shell, *arguments: str) -> Any:
    """What a command answers to a script."""
    done = shell(*arguments, *TENANT, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module", autouse=True)
def guest(shell: Shell) -> None:
    """A tenant with a guest."""
    assert shell("tenant", "create", "desks").returncode == 0
    made = shell(
        *("user", "create", ANN, *TENANT, "--role", "guest"),
        WORKBENCH_PASSWORD="correct horse battery",
    )
    assert made.returncode == 0, made.stderr


def test_a_role_is_made_given_taken_and_deleted(shell: Shell) -> None:
    """Each step shows in the list, and in what the member may do."""
    asked = ("access", ANN, "--permission", "sql:run")
    assert told(shell, *asked)["allowed"] is False
    assert shell("role", "create", "desk", *TENANT, "--permission", "sql:run").returncode == 0
    assert shell("role", "give", "desk", ANN, *TENANT).returncode == 0
    answer = told(shell, *asked)
    assert (answer["allowed"], answer["sources"][0]["role"]) == (True, "desk")
    rows = {row["name"]: row for row in told(shell, "role", "list")}
    assert (rows["desk"]["members"], rows["owner"]["system"]) == (1, "yes")
    assert shell("role", "take", "desk", ANN, *TENANT).returncode == 0
    assert told(shell, *asked)["allowed"] is False
    assert shell("role", "delete", "desk", *TENANT).returncode == 0
    missing = shell("role", "give", "desk", ANN, *TENANT)
    assert missing.returncode == 1
    assert "workbench role list" in missing.stderr


def test_a_grant_is_made_listed_and_revoked(shell: Shell) -> None:
    """A dashboard is opened for one member, and closed again."""
    made = shell("grant", "create", *TENANT, "--user", ANN, "--dashboard", "flights")
    assert made.returncode == 0, made.stderr
    (row,) = told(shell, "grant", "list")
    assert (row["user"], row["kind"], row["name"]) == (ANN, "dashboard", "flights")
    assert told(shell, "access", ANN)["dashboards"]["names"] == ["flights"]
    plain = shell("access", ANN, *TENANT, "--dashboard", "flights")
    assert "allowed" in plain.stdout
    assert row["id"] in plain.stdout
    assert "dashboard:read" in shell("access", ANN, *TENANT).stdout
    assert shell("grant", "revoke", row["id"], *TENANT).returncode == 0
    assert told(shell, "access", ANN)["dashboards"]["names"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--dashboard", "flights"), "either --role or --user"),
        (("--user", ANN, "--dashboard", "X Y"), "is no name"),
        (("--user", ANN, "--dataset", "nothing"), "no such dataset"),
        (("--user", ANN, "--dataset", "x", "--mask", "a=b"), "no part"),
    ],
)
def test_what_cannot_be_granted_is_said_in_one_line(
    shell: Shell, arguments: tuple[str, ...], said: str
) -> None:
    """What is wrong is named, without a traceback."""
    done = shell("grant", "create", *TENANT, *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
