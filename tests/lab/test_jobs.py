"""Orders of runs, and what JupyterLab reads and saves of a notebook, without any server."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from workbench.jupyter import opened, saving
from workbench.lab import ordering
from workbench.lab.jobs import NoJob
from workbench.lab.run import LabRun
from workbench.runs.tickets import Ticket

WHERE = {
    "tenant": "ua",
    "tenant_name": "United",
    "database_url": "postgresql://nowhere",
    "actor_token": "none",
    "access_token": "none",
    "api_url": "http://127.0.0.1:9/api/v1/",
}
CELL = "top = 5\nother = print\norigin = 'JFK'\nkey = [\"a\"]\nnot python at all = ("


def held(folder: Path, **more: Any) -> LabRun:
    """What a notebook holds of its run."""
    Ticket.model_validate(WHERE | more).write(folder / "ticket.json")
    return LabRun(folder / "ticket.json")


def test_a_run_orders_none_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line that orders may stay in what it orders; JupyterLab is told what keeps it from that."""
    shell = InteractiveShell()
    run = held(tmp_path, run_id=uuid4())
    ordering.offer(shell, run)
    shell.run_line_magic("workbench_job", "tenant_report top=5")
    assert "orders no run" in capsys.readouterr().out
    with pytest.raises(NoJob, match="This is a run itself"):
        run.submit("tenant_report")

    run = held(tmp_path)
    ordering.offer(shell, run)
    for line, said in {
        "": "not on the shelf; name one",
        "nothing": "nothing is not on the shelf",
        "../pyproject": "is not on the shelf",
        "tenant_report top": "written name=value",
        "tenant_report top=5": "Workbench does not answer",
    }.items():
        with pytest.raises(NoJob, match=said):
            shell.run_line_magic("workbench_job", line)


def test_a_cell_is_read_as_far_as_it_is_plain() -> None:
    """Neither code nor a syntax error in it is executed or in the way."""
    cells = [{"metadata": {"tags": ["parameters"]}, "source": CELL.rpartition("\n")[0]}]
    assert opened.values({"cells": cells}) == {"top": 5, "origin": "JFK", "key": ["a"]}
    cells[0]["source"] = CELL
    assert opened.values({"cells": cells}) == {}


def test_a_path_is_on_the_shelf_or_not(tmp_path: Path) -> None:
    """By whatever way it leads there, and by no other."""
    (tmp_path / "shelf").symlink_to(opened.SHELF)
    for root, path in {
        opened.SHELF: "data_quality.ipynb",
        tmp_path: "shelf/data_quality.ipynb",
    }.items():
        assert opened.name(root, path) == "data_quality"
        assert opened.path(root, "data_quality") == path
    for path in ("data_quality.ipynb", "shelf/../../README.md", "shelf/x/a.ipynb", "shelf/A.ipynb"):
        assert opened.name(tmp_path, path) is None


@pytest.mark.parametrize("keeps_outputs", [False, True])
def test_what_is_saved_shows_nothing(*, keeps_outputs: bool) -> None:
    """Outputs go, unless the contract keeps them; cells and contract stay."""
    shown = nbformat.v4.new_output("stream", text="a tenant's rows")
    cell = nbformat.v4.new_code_cell("1 + 1", outputs=[shown], execution_count=7)
    metadata = {
        "workbench": {"keeps_outputs": keeps_outputs},
        "language_info": {"name": "python", "version": "3"},
    }
    content = nbformat.v4.new_notebook(cells=[cell], metadata=metadata)
    saving.scrub(model={"type": "notebook", "content": content}, path="a.ipynb")
    assert content.metadata.language_info == {"name": "python"}
    assert (cell.source, bool(cell.outputs), cell.execution_count) == (
        "1 + 1",
        keeps_outputs,
        7 if keeps_outputs else None,
    )
    saving.scrub(model={"type": "file", "content": "text"}, path="a.txt")
