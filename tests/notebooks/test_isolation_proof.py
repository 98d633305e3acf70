"""The proof of isolation as a notebook: a report for an auditor, and a run that can fail."""

import json
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.shelf import (
    SHELF,
    assert_it_says_the_same,
    bench,
    figures,
    shelf,
    succeeded,
)
from tests.support.kernels import Bench
from workbench.actor import Actor

__all__ = ["bench", "shelf"]
NAME = "isolation_proof"
HOLE = """
import psycopg
from workbench import lab

owner = lab.open_run().sandbox.urls["workbench_owner"].set(drivername="postgresql")
with psycopg.connect(owner.render_as_string(hide_password=False)) as connection:
    connection.execute("alter table workbench.runs disable row level security")
"""


@pytest.mark.acts_as("engineer")
class TestReport:
    """What somebody reads who does not know the code."""

    async def test_it_begins_with_the_verdict(
        self, shelf: Bench, actor: Actor, tmp_path: Path
    ) -> None:
        """Zero leaks, every control, the list of all attempts, and the same again by its seed."""
        run = await succeeded(shelf, actor, NAME, attempts=200, seed=5)

        assert figures(run) == {"attempts": 200, "leaks": 0, "failed_controls": 0}
        report = shelf.text(run, "report.html")
        assert "The boundary holds: 0 leaks in 200 attempts." in report
        assert "all 200 controls succeeded" in report
        assert "://" not in report
        assert "REACHED" not in report
        assert len(shelf.text(run, "attempts.csv").splitlines()) == 201
        said, changed = "0 leaks in 200", "1 leaks in 200"
        await assert_it_says_the_same(shelf, actor, run, tmp_path, said=said, changed=changed)

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
