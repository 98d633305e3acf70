"""`workbench token …`: API tokens as an operator of the machine makes them for a member."""

import json

import pytest

from tests.cli.conftest import Shell

PASSWORD = "correct horse battery"
ENGINEER = "eve@tokens.example"
MINE = ("--tenant", "tokens", "--user", ENGINEER)


@pytest.fixture(scope="module")
def staffed(shell: Shell) -> Shell:
    """A shell whose tenant `tokens` has an owner, an engineer and an analyst."""
    shell("tenant", "create", "tokens")
    for email, role in (
        ("own@tokens.example", "owner"),
        (ENGINEER, "engineer"),
        ("ann@tokens.example", "analyst"),
    ):
        made = shell(
            *("user", "create", email, "--tenant", "tokens", "--role", role),
            WORKBENCH_PASSWORD=PASSWORD,
        )
        assert made.returncode == 0, made.stderr
    return shell


def test_it_makes_lists_and_revokes(staffed: Shell) -> None:
    """The token alone stands on standard output; a list shows its prefix and no secret."""
    made = staffed("token", "create", "nightly", *MINE, "--scope", "row:read", "--days", "7")
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    assert token.startswith("wbt_")

    listed = staffed("token", "list", "--tenant", "tokens", "--json")
    [row] = json.loads(listed.stdout)
    assert (row["name"], row["user"], row["status"]) == ("nightly", ENGINEER, "live")
    assert token.startswith(row["prefix"])
    assert token not in listed.stdout

    assert staffed("token", "revoke", row["id"], "--tenant", "tokens").returncode == 0
    assert json.loads(staffed("token", "list", *MINE, "--json").stdout) == []
    again = staffed("token", "revoke", row["id"], *MINE)
    assert (again.returncode, "no such thing" in again.stderr) == (1, True)


@pytest.mark.parametrize(
    ("email", "scope", "told"),
    [
        (ENGINEER, "audit:read", "audit:read: you do not hold it"),
        (ENGINEER, "token:manage", "token:manage: no token may do this"),
        ("ann@tokens.example", "row:read", "token:manage"),
        ("nobody@tokens.example", "row:read", "no member"),
    ],
)
def test_it_refuses_more_than_the_member_may(
    staffed: Shell, email: str, scope: str, told: str
) -> None:
    """The shell acts as the member, and makes nothing that the member could not."""
    done = staffed("token", "create", "x", "--tenant", "tokens", "--user", email, "--scope", scope)
    assert done.returncode == 1
    assert told in done.stderr
    assert done.stdout == ""
