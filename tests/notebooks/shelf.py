"""The real shelf for tests: running its notebooks, and executing them again cell by cell."""

import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks import record
from tests.support.bench import bench
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.db import sandbox
from workbench.notebooks import Shelf
from workbench.runs import tickets
from workbench.runs.models import Run
from workbench.settings import ROOT
from workbench.worker import ticketing

__all__ = ["bench"]
SHELF = Shelf(ROOT / "notebooks")
SANITISE = Path(__file__).with_name("sanitise.cfg")


@pytest.fixture
def shelf(bench: Bench) -> Bench:
    """The bench with the real shelf."""
    return replace(bench, parts=replace(bench.parts, shelf=SHELF), folder=SHELF.folder)


async def succeeded(shelf: Bench, actor: Actor, name: str, **parameters: Any) -> Run:
    """A run of a notebook that came to its end within its budgets."""
    run = await shelf.execute(await shelf.order(actor, name, **parameters))
    complaint = record.complaint(run)
    assert complaint is None, complaint
    assert (run.error, run.progress) == (None, 1.0)
    record.keep(run)
    return run


def figures(run: Run) -> dict[str, float]:
    """What a run measured."""
    return {metric.name: metric.value for metric in run.metrics}


async def assert_it_says_the_same(
    shelf: Bench, actor: Actor, run: Run, folder: Path, *, said: str, changed: str
) -> None:
    """Execute a run's notebook again: all that it shows comes out again, but for what we changed.

    `said` is a text that one golden cell shows, and `changed` is put in its place, so that the
    same execution tells that the others agree and that a cell which does not is found.
    """
    executed = shelf.text(run, "notebook.ipynb")
    assert said in executed
    (folder / "again.ipynb").write_text(executed.replace(said, changed))
    async with shelf.parts.database.session(actor) as session:
        ticket = await ticketing.issue(shelf.parts, session, actor, timedelta(minutes=5))
    with ExitStack() as stack:
        if SHELF.named(run.notebook).sandbox:
            made = sandbox.disposable(None, shelf.parts.database.logins.app)
            ticket = ticketing.sandboxed(ticket, stack.enter_context(made))
        ticket.write(folder / "ticket.json")
        told = _nbval(folder, "again.ipynb")
    assert "Cell outputs differ" in told
    assert "1 failed, " in told, told


def _nbval(folder: Path, name: str) -> str:
    """Execute a notebook with the ticket of its folder, and answer how its cells compare."""
    command = (
        *(sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env"),
        *("--nbval-sanitize-with", str(SANITISE), "-p", "no:randomly", "-p", "no:cacheprovider"),
        *("-c", os.devnull, "--rootdir", str(folder), str(folder / name)),
    )
    # Not traced: the notebook's own code is no part of the coverage, and takes three times as long.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environment = plain | {tickets.VARIABLE: str(folder / "ticket.json"), "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    ).stdout
