"""The proof of isolation as a notebook: a report for an auditor, and a run that can fail."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.test_nbval import nbval
from tests.support.bench import bench
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.db import sandbox
from workbench.notebooks import Shelf
from workbench.runs.models import Run
from workbench.settings import ROOT
from workbench.worker import ticketing

__all__ = ["bench"]
NAME = "isolation_proof"
SHELF = Shelf(ROOT / "notebooks")
HOLE = """
import psycopg
from workbench import lab

owner = lab.open_run().sandbox.urls["workbench_owner"].set(drivername="postgresql")
with psycopg.connect(owner.render_as_string(hide_password=False)) as connection:
    connection.execute("alter table workbench.runs disable row level security")
"""


def figures(run: Run) -> dict[str, float]:
    """What a run measured."""
    return {metric.name: metric.value for metric in run.metrics}


@pytest.mark.acts_as("engineer")
class TestReport:
    """What somebody reads who does not know the code."""

    async def test_it_begins_with_the_verdict(self, bench: Bench, actor: Actor) -> None:
        """Zero leaks, every control, the list of all attempts, and nothing to fetch."""
        bench = replace(bench, parts=replace(bench.parts, shelf=SHELF), folder=SHELF.folder)
        run = await bench.execute(await bench.order(actor, NAME, attempts=200, seed=5))

        assert (run.status, run.error) == ("succeeded", None)
        assert figures(run) == {"attempts": 200, "leaks": 0, "failed_controls": 0}
        report = bench.text(run, "report.html")
        assert "The boundary holds: 0 leaks in 200 attempts." in report
        assert "all 200 controls succeeded" in report
        assert "://" not in report
        assert "REACHED" not in report
        assert len(bench.text(run, "attempts.csv").splitlines()) == 201

    async def test_it_fails_when_there_is_a_hole(self, bench: Bench, actor: Actor) -> None:
        """A table without policies makes the run fail, and its report says what was reached."""
        notebook = nbformat.read(SHELF.folder / f"{NAME}.ipynb", as_version=4)
        notebook.cells.insert(2, nbformat.v4.new_code_cell(HOLE))
        (bench.folder / f"{NAME}.ipynb").write_text(json.dumps(notebook))

        run = await bench.execute(await bench.order(actor, NAME, attempts=600))

        assert run.status == "failed"
        assert "The boundary does not hold" in (run.error or "")
        assert figures(run)["leaks"] > 0
        report = bench.text(run, "report.html")
        assert "The boundary does not hold" in report
        assert "workbench.runs" in report

    async def test_it_says_the_same_twice(self, bench: Bench, actor: Actor, tmp_path: Path) -> None:
        """The same seed gives the same verdict and figures again; a changed one does not pass."""
        shelf = replace(bench, parts=replace(bench.parts, shelf=SHELF), folder=SHELF.folder)
        run = await shelf.execute(await shelf.order(actor, NAME, attempts=100, seed=2))
        executed = bench.text(run, "notebook.ipynb")
        (tmp_path / "true.ipynb").write_text(executed)
        (tmp_path / "false.ipynb").write_text(executed.replace("0 leaks in 100", "1 leaks in 100"))
        async with bench.parts.database.session(actor) as session:
            ticket = await ticketing.issue(bench.parts, session, actor, timedelta(minutes=5))

        codes = []
        for name in ("true", "false"):
            with sandbox.disposable(None, bench.parts.database.logins.app) as made:
                ticketing.sandboxed(ticket, made).write(tmp_path / "ticket.json")
                codes.append(nbval(tmp_path, f"{name}.ipynb").returncode)

        assert codes == [0, 1]
