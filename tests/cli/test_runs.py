"""`workbench runs …` and `workbench compare`."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Shell
from tests.support import chromium, people
from tests.support.worked import work
from workbench.actor import Actor
from workbench.db import connect
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.notebooks import Shelf
from workbench.permissions import Role
from workbench.runs import commands, keys
from workbench.runs.schemas import MetricMessage
from workbench.settings import ROOT, Settings
from workbench.storage import Storage

SLUG = "history"
AT = ("--tenant", SLUG)


async def ended(database: Database, owner: Actor, storage: Storage, top: int) -> str:
    """A run that has ended, and left a notebook."""
    notebook = Shelf(ROOT / "notebooks").named("tenant_report")
    async with database.session(owner) as session:
        key = keys.of(owner, f"top {top}")
        run = await commands.start(session, owner, notebook, {"top": top}, key=key)
    shown = {"output_type": "stream", "name": "stdout", "text": f"[top] {top}\n"}
    cell = {"source": "show()", "metadata": {}, "outputs": [shown]}
    file = json.dumps({"cells": [cell]}).encode()
    metric = MetricMessage(name="seconds", value=top, unit="s", budget=6)
    place = database, storage, owner.require_tenant(), run.id
    await work(
        *place, metric, commit=str(top) * 40, files={"notebook.ipynb": file, "report.html": b"<h1>"}
    )
    return str(run.id)


@pytest.fixture(scope="module")
async def runs(shell: Shell, shell_home: Path) -> AsyncIterator[list[str]]:
    """Two ended runs of a tenant, the older first."""
    del shell
    settings = Settings(_env_file=None, home=shell_home)
    database, storage = connect.database(settings), Storage(settings.storage)
    made = await people.make_tenant(database, SLUG)
    owner = await people.make_actor(database, made.id, Role.OWNER)
    yield [await ended(database, owner, storage, top) for top in (5, 7)]
    await database.close()


def told(shell: Shell, *arguments: str) -> Any:
    """What a command answers as JSON."""
    found = shell(*arguments, *AT, "--json")
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def done(shell: Shell, *arguments: str) -> str:
    """What a command says."""
    found = shell(*arguments, *AT)
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


def test_the_past_is_listed_and_two_runs_compared(shell: Shell, runs: list[str]) -> None:
    """By commit and parameters, a figure over time, and what differs, for people and scripts."""
    old, new = runs
    assert {run["id"] for run in told(shell, "runs", "list")} >= {old, new}
    for options in (("--commit", "55555"), ("-p", "top=5"), ("--commit", "5" * 40)):
        assert [run["id"] for run in told(shell, "runs", "list", *options)] == [old]
    figures = told(shell, "runs", "metrics", "tenant_report", "seconds")
    assert [figure["value"] for figure in figures[:2]] == [7.0, 5.0]
    found = told(shell, "compare", old, new)
    assert found["metrics"][0]["ratio"] == 1.4
    said = done(shell, "compare", old, new)
    for words in ("-[top] 5", "+[top] 7", "budget exceeded", "1 cells differ, 0 do not."):
        assert words in said
    gone = shell("compare", old, str(new_id()), *AT)
    assert (gone.returncode, len(gone.stderr.splitlines())) == (1, 1)


def test_a_missed_budget_is_named(shell: Shell, runs: list[str]) -> None:
    """Metric, value and budget stand in the JSON and on standard error; CI can have it fail."""
    over, kept = (
        shell("run", "tenant_report", *AT, "-p", f"top={top}", "--key", f"top {top}", *options)
        for top, options in ((7, ("--json", "--keep-budgets")), (5, ("--json",)))
    )
    [told_] = json.loads(over.stdout)
    assert (told_["id"], told_["status"]) == (runs[1], "succeeded")
    [missed] = told_["missed"]
    assert (missed["metric"], missed["value"], missed["budget"]) == ("seconds", 7.0, 6.0)
    assert "over budget: seconds is 7 s, at most 6 s: no good run is known" in over.stderr
    assert (over.returncode, kept.returncode) == (1, 0)
    assert json.loads(kept.stdout)[0]["missed"] == []


def test_a_report_is_printed(shell: Shell, runs: list[str], tmp_path: Path) -> None:
    """It becomes a file, which another one replaces only when told to."""
    chromium.needed()
    path = tmp_path / "report.pdf"
    print_it = ("runs", "pdf", runs[0], "-o", str(path))
    done(shell, *print_it)
    assert path.read_bytes().startswith(b"%PDF")
    again = shell(*print_it, *AT)
    assert (again.returncode, "--force" in again.stderr) == (1, True)


def test_a_run_is_cloned_cancelled_deleted_restored_and_purged(
    shell: Shell, runs: list[str]
) -> None:
    """Each by a command, and what cannot be done is one line."""
    old, _ = runs
    clone = done(shell, "runs", "clone", old, "-p", "first_month=2")
    [made] = told(shell, "runs", "list", "-p", "first_month=2")
    assert (made["id"], made["status"], made["parameters"]["top"]) == (clone, "queued", 5)
    for wrong in ("x", "nothing=1", "top=x"):
        failed = shell("runs", "clone", old, "-p", wrong, *AT)
        assert (failed.returncode, len(failed.stderr.splitlines())) == (1, 1)
    live = shell("runs", "delete", clone, *AT)
    assert (live.returncode, "not ended" in live.stderr) == (1, True)
    done(shell, "runs", "cancel", clone)
    done(shell, "runs", "retry", clone)
    done(shell, "runs", "cancel", clone)
    done(shell, "runs", "delete", clone)
    assert [run["id"] for run in told(shell, "runs", "list", "--deleted")] == [clone]
    done(shell, "runs", "restore", clone)
    assert told(shell, "runs", "list", "--deleted") == []
    done(shell, "runs", "delete", clone)
    assert "0 files" in done(shell, "runs", "purge", clone)
    assert shell("runs", "restore", clone, *AT).returncode == 1


def test_a_run_waits_for_runs_that_are_there(shell: Shell, runs: list[str]) -> None:
    """`run --after` takes a run that is there, and names one that is not."""
    nobody = str(new_id())
    refused = shell("run", "tenant_report", *AT, "--after", runs[0], "--after", nobody)
    assert refused.returncode == 1
    assert f"There is no run {nobody}." in refused.stderr
    assert runs[0] not in refused.stderr
