"""`workbench schedule …`: made, listed, paused, resumed and deleted from the shell."""

import json

from tests.cli.conftest import Shell

IN = ("--tenant", "timed")


def test_the_life_of_a_schedule(shell: Shell) -> None:
    """What the shell makes it shows; what cannot run it refuses in one line."""
    shell("tenant", "create", "timed")
    made = shell(
        *("user", "create", "own@timed.example", "--tenant", "timed", "--role", "owner"),
        WORKBENCH_PASSWORD="correct horse battery",
    )
    assert made.returncode == 0, made.stderr
    order = ("schedule", "create", "daily", "tenant_report", *IN, "-p", "top=5")
    made = shell(*order, "--cron", "0 6 * * *", "--time-zone", "Europe/Berlin")
    assert made.returncode == 0, made.stderr
    assert made.stdout.count("T06:00:00") == 5
    chained = shell("schedule", "create", "then", "tenant_report", *IN, "--after", "daily")
    assert chained.returncode == 0, chained.stderr
    refused = shell(*order, "--cron", "0 0 30 2 *")
    assert (refused.returncode, "no time that ever comes" in refused.stderr) == (1, True)

    rows = json.loads(shell("schedule", "list", *IN, "--json").stdout)
    assert [(row["name"], row["when"]) for row in rows] == [
        ("daily", "0 6 * * * Europe/Berlin"),
        ("then", "after others"),
    ]
    assert len(json.loads(shell("schedule", "next", "daily", *IN, "--json").stdout)) == 5
    for command, told in (
        (("pause", "daily"), "is paused"),
        (("resume", "daily"), "goes on"),
        (("delete", "then"), "is deleted"),
    ):
        done = shell("schedule", *command, *IN)
        assert (done.returncode, told in done.stdout) == (0, True), done.stderr
